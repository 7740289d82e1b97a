"""Question: what does an echo cost on Twisted, on its epoll reactor?

With time-outs each message begins 30 seconds anew.

Usage: echo_twisted.py PORT [timed|lines]"""
import sys

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import protocol, reactor  # noqa: E402
from twisted.protocols import basic, policies  # noqa: E402


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class TimedEcho(protocol.Protocol, policies.TimeoutMixin):
    def connectionMade(self):
        self.setTimeout(30)

    def dataReceived(self, data):
        self.resetTimeout()
        self.transport.write(data)

    def connectionLost(self, reason):
        self.setTimeout(None)


class Lines(basic.LineReceiver):
    def lineReceived(self, line):
        self.sendLine(line)


KINDS = {"timed": TimedEcho, "lines": Lines}
served = protocol.Factory.forProtocol(KINDS[sys.argv[2]] if len(sys.argv) > 2 else Echo)
port = reactor.listenTCP(int(sys.argv[1]), served, backlog=4096, interface="127.0.0.1")
print("listening on 127.0.0.1:%d" % port.getHost().port, flush=True)
reactor.run()

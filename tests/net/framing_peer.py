"""The peer of framing_peer.cpp on Twisted, which says there what happens.

   framing_peer.py WHO/NAME=PORT...

Prints NAME=PORT for its own servers, one a line, and "listening"; talks to the given ones in turn, prints
"WHO/NAME ok" or "WHO/NAME failed: REASON" for each, and "talked". Runs until SIGTERM."""

import sys

from twisted.internet import defer, endpoints, protocol, reactor
from twisted.protocols import basic


class Line(basic.LineReceiver):
    is_text = True

    def lineReceived(self, line):
        self.got(line)

    def send(self, message):
        self.sendLine(message)


def framed(base):
    class Framed(base):
        is_text = False

        def stringReceived(self, string):
            self.got(string)

        def send(self, message):
            self.sendString(message)

    return Framed


KINDS = {
    "line": (16384, Line),
    "netstring": (50000, framed(basic.NetstringReceiver)),
    "int8": (200, framed(basic.Int8StringReceiver)),
    "int16": (50000, framed(basic.Int16StringReceiver)),
    "int32": (50000, framed(basic.Int32StringReceiver)),
}


def message(size, is_text):
    values = (i * 31 + size for i in range(size))
    return bytes(97 + v % 26 if is_text else v % 256 for v in values)


def echo(limit, base):
    class Echo(base):
        MAX_LENGTH = limit

        def got(self, string):
            self.send(string)

    return protocol.Factory.forProtocol(Echo)


def talker(limit, base):
    class Talker(base):
        MAX_LENGTH = limit

        def __init__(self):
            sizes = list(range(100)) + [limit - 1, limit]
            self.expected = [message(size, self.is_text) for size in sizes]
            self.next = 0
            self.problem = ""
            self.ended = defer.Deferred()

        def connectionMade(self):
            for each in self.expected:
                self.send(each)

        def got(self, string):
            if self.next == len(self.expected) or string != self.expected[self.next]:
                self.problem = "message %d came back otherwise" % self.next
                self.transport.abortConnection()
                return
            self.next += 1
            if self.next == len(self.expected):
                self.send(message(limit + 1, self.is_text))

        def connectionLost(self, reason):
            if not self.problem and self.next < len(self.expected):
                self.problem = "lost after %d messages: %s" % (self.next, reason.getErrorMessage())
            self.ended.callback(self.problem)

    return Talker()


def say(text):
    print(text, flush=True)


@defer.inlineCallbacks
def main(servers):
    for name, (limit, base) in KINDS.items():
        endpoint = endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = yield endpoint.listen(echo(limit, base))
        say("%s=%d" % (name, port.getHost().port))
    say("listening")
    for server in servers:
        who, port = server.split("=")
        limit, base = KINDS[who.split("/")[1]]
        try:
            endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(port))
            talking = yield endpoints.connectProtocol(endpoint, talker(limit, base))
            problem = yield talking.ended.addTimeout(20, reactor)
        except Exception as error:
            problem = repr(error)
        say("%s %s" % (who, "failed: " + problem if problem else "ok"))
    say("talked")


reactor.callWhenRunning(main, sys.argv[1:])
reactor.run()

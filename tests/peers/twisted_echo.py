"""An echo server or a client of one on Twisted, at any endpoint.

twisted_echo.py server ENDPOINT                             prints "listening on ADDRESS"
twisted_echo.py client ENDPOINT TEXT                        prints what comes back, and how it ended
twisted_echo.py proxied ENDPOINT TEXT HEADER                the same behind the line of a proxy
twisted_echo.py verified ENDPOINT TEXT HOSTNAME AUTHORITY   the same by TLS
"""
import sys

from twisted.internet import address, endpoints, protocol, reactor, ssl


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Ask(protocol.Protocol):
    def __init__(self, text, header=""):
        self.text = text.encode()
        self.header = header.encode()
        self.answer = b""

    def connectionMade(self):
        if self.header:
            self.transport.write(self.header + b"\r\n")
        self.transport.write(self.text)

    def dataReceived(self, data):
        self.answer += data
        if len(self.answer) >= len(self.text):
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print(self.answer.decode(), reason.type.__name__, flush=True)
        reactor.stop()


def failed(failure):
    print("failed:", failure.getErrorMessage(), flush=True)
    reactor.stop()


def listening(port):
    host = port.getHost()
    if isinstance(host, address.UNIXAddress):
        print("listening on unix:" + host.name.decode(), flush=True)
    else:
        shown = "[%s]" if ":" in host.host else "%s"
        print("listening on " + shown % host.host + ":%d" % host.port, flush=True)


def serve(description):
    endpoint = endpoints.serverFromString(reactor, description)
    endpoint.listen(protocol.Factory.forProtocol(Echo)).addCallbacks(listening, failed)


def ask(description, text, header=""):
    endpoint = endpoints.clientFromString(reactor, description)
    endpoints.connectProtocol(endpoint, Ask(text, header)).addErrback(failed)


def ask_verified(description, text, hostname, authority):
    with open(authority) as file:
        trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(file.read())])
    endpoint = endpoints.wrapClientTLS(
        ssl.optionsForClientTLS(hostname, trustRoot=trust),
        endpoints.clientFromString(reactor, description))
    endpoints.connectProtocol(endpoint, Ask(text)).addErrback(failed)


{"server": serve, "client": ask, "proxied": ask, "verified": ask_verified}[sys.argv[1]](*sys.argv[2:])
reactor.run()

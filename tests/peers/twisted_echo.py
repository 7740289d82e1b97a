"""An echo server or a client of one on Twisted, at any endpoint.

twisted_echo.py server ENDPOINT                      prints "listening on ADDRESS"
twisted_echo.py demanding CERTIFICATE AUTHORITY      the same by TLS, for clients with a certificate
                                                     of that authority; prints who asks
twisted_echo.py client ENDPOINT TEXT                 prints what comes back, and how it ended
twisted_echo.py proxied ENDPOINT TEXT HEADER         the same behind the line of a proxy
twisted_echo.py verified ENDPOINT TEXT HOSTNAME AUTHORITY [CERTIFICATE...]
                                                     the same by TLS, and prints who answered; once
                                                     with each certificate, "" for none
"""
import sys

from twisted.internet import address, defer, endpoints, error, protocol, reactor, ssl


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


def name_of_peer(transport):
    return ssl.Certificate.peerFromTransport(transport).getSubject().CN.decode()


def what_ended(reason):
    return reason.type.__name__ if reason.check(error.ConnectionDone) else reason.getErrorMessage()


class NamingEcho(Echo):
    def dataReceived(self, data):
        print("asked by", name_of_peer(self.transport), flush=True)
        super().dataReceived(data)

    def connectionLost(self, reason):
        print("ended by", what_ended(reason), flush=True)


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


class NamingAsk(Ask):
    peer = "nobody"

    def __init__(self, text):
        super().__init__(text)
        self.ended = defer.Deferred()

    def dataReceived(self, data):
        self.peer = name_of_peer(self.transport)
        super().dataReceived(data)

    def connectionLost(self, reason):
        print(f"{self.peer}: {self.answer.decode()} {what_ended(reason)}", flush=True)
        self.ended.callback(None)


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


def read(path):
    with open(path) as file:
        return file.read()


def serve_demanding(certificate, authority):
    own = ssl.PrivateCertificate.loadPEM(read(certificate))
    options = own.options(ssl.Certificate.loadPEM(read(authority)))
    factory = protocol.Factory.forProtocol(NamingEcho)
    listening(reactor.listenSSL(0, factory, options, interface="127.0.0.1"))


@defer.inlineCallbacks
def ask_each(description, text, hostname, authority, *certificates):
    trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(read(authority))])
    for certificate in certificates or [""]:
        own = ssl.PrivateCertificate.loadPEM(read(certificate)) if certificate else None
        options = ssl.optionsForClientTLS(hostname, trustRoot=trust, clientCertificate=own)
        endpoint = endpoints.clientFromString(reactor, description)
        asking = NamingAsk(text)
        yield endpoints.connectProtocol(endpoints.wrapClientTLS(options, endpoint), asking)
        yield asking.ended
    reactor.stop()


def ask_verified(*arguments):
    ask_each(*arguments).addErrback(failed)


{"server": serve, "demanding": serve_demanding, "client": ask, "proxied": ask,
 "verified": ask_verified}[sys.argv[1]](*sys.argv[2:])
reactor.run()

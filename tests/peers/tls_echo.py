"""An echo server or a client of one, with TLS, as Twisted has them.

tls_echo.py server KEY_AND_CERTIFICATE          prints "listening on 127.0.0.1:PORT"
tls_echo.py client HOSTNAME PORT AUTHORITY TEXT  prints what comes back
"""
import sys

from twisted.internet import endpoints, protocol, reactor, ssl


class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Ask(protocol.Protocol):
    def __init__(self, text):
        self.text = text.encode()
        self.answer = b""

    def connectionMade(self):
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


def serve(pem):
    endpoint = endpoints.serverFromString(
        reactor, "ssl:0:interface=127.0.0.1:privateKey=" + endpoints.quoteStringArgument(pem))
    listening = endpoint.listen(protocol.Factory.forProtocol(Echo))
    listening.addCallback(
        lambda port: print("listening on 127.0.0.1:%d" % port.getHost().port, flush=True))
    listening.addErrback(failed)


def ask(hostname, port, authority, text):
    with open(authority) as file:
        trust = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(file.read())])
    endpoint = endpoints.wrapClientTLS(
        ssl.optionsForClientTLS(hostname, trustRoot=trust),
        endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", int(port)))
    endpoints.connectProtocol(endpoint, Ask(text)).addErrback(failed)


{"server": serve, "client": ask}[sys.argv[1]](*sys.argv[2:])
reactor.run()

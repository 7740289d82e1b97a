// An FTP server for the files of one folder, for anonymous clients, with data connections in both
// directions: passive (PASV, EPSV) and active (PORT, EPRT). A data port is open for one transfer
// and is stopped then. Files are read and written in threads.
//
//   ftp_server ENDPOINT FOLDER [--upload]
//   ftp_server tcp:2121 /srv/ftp
//   curl ftp://localhost:2121/            curl -P - ftp://localhost:2121/file
//
// Prints "listening on ADDRESS:PORT". With --upload clients may also send and delete files. SIGTERM
// or Ctrl-C gives clients two seconds and ends with status 0.

#include <wring/endpoints/registry.hpp>
#include <wring/endpoints/run.hpp>
#include <wring/samples/ftp_session.hpp>

#include <cstdio>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using namespace wring;

namespace {

Task<> talk(Scope& scope, FtpSession* session) { co_await session->run(scope); }

Task<> serveFiles(Stream control, Reactor* reactor, const FtpSettings* settings) {
    FtpSession session(*reactor, std::move(control), *settings);
    co_await withScope(talk, &session);
}

Task<> app(Reactor& reactor, std::string endpoint, const FtpSettings* settings) {
    auto sessions = serve(serveFiles, &reactor, settings);
    auto port = co_await serverFromString(reactor, endpoint)->listen(sessions);
    std::printf("listening on %s\n", port->getHost().format().c_str());
    std::fflush(stdout);
    reactor.addSystemEventTrigger(EventPhase::before, "shutdown",
                                  [port] { return port->drain(2s); });
    co_await port;
}

}  // namespace

int main(int argc, char** argv) try {
    bool takesFiles = argc == 4 && argv[3] == std::string_view("--upload");
    if (argc != 3 && !takesFiles) {
        std::fputs("Usage: ftp_server endpoint folder [--upload]\n", stderr);
        return 1;
    }
    FtpSettings settings(argv[2]);
    settings.takesFiles = takesFiles;
    return run(ReactorOptions(), app, std::string(argv[1]), &settings);
} catch (const std::exception& error) {
    std::fprintf(stderr, "ftp_server: %s\n", error.what());
    return 2;
}

#pragma once

#include <wring/deferred/event.hpp>
#include <wring/deferred/scope.hpp>
#include <wring/net/stream.hpp>
#include <wring/runtime/time.hpp>
#include <wring/samples/ftp_data.hpp>
#include <wring/samples/ftp_folder.hpp>

#include <optional>
#include <string>

namespace wring {
class Reactor;
}

/// What a server serves, and how.
struct FtpSettings {
    explicit FtpSettings(const std::string& path) : folder(path) {}
    FtpFolder folder;
    bool takesFiles = false;                               ///< STOR and DELE are allowed
    wring::Duration idleLimit = std::chrono::minutes(5);   ///< without a command, or a byte of data
    wring::Duration dataLimit = std::chrono::seconds(20);  ///< for a data connection to come about
};

/// What one client has said and wants. One transfer goes on at a time, while the next command is
/// read: it waits for the end of the transfer, unless it is ABOR.
class FtpSession {
 public:
    FtpSession(wring::Reactor& reactor, wring::Stream control, const FtpSettings& settings);
    /// Serves the client to the end; transfers belong to the scope.
    wring::Task<> run(wring::Scope& scope);

 private:
    using Command = wring::Task<> (FtpSession::*)(std::string argument);
    /// Makes the transfer over a connection that is there.
    using Transfer = wring::Task<> (FtpSession::*)(wring::Stream* data, FtpFile file,
                                                   std::string text);
    /// Asks the folder for something, in a thread.
    using Question = std::string (*)(const FtpFolder* folder, std::string path);

    static Command find(const std::string& verb);
    wring::Task<> reply(std::string text);
    wring::Task<std::optional<std::string>> nextLine();
    wring::Task<> handle(std::string line);
    wring::Task<> abort();

    wring::Task<> user(std::string name);
    wring::Task<> pass(std::string password);
    wring::Task<> quit(std::string);
    wring::Task<> noop(std::string);
    wring::Task<> syst(std::string);
    wring::Task<> feat(std::string);
    wring::Task<> type(std::string code);
    wring::Task<> pwd(std::string);
    wring::Task<> cwd(std::string path);
    wring::Task<> cdup(std::string);
    wring::Task<> size(std::string path);
    wring::Task<> mdtm(std::string path);
    wring::Task<> dele(std::string path);
    wring::Task<> pasv(std::string);
    wring::Task<> epsv(std::string);
    wring::Task<> port(std::string where);
    wring::Task<> eprt(std::string where);
    wring::Task<> list(std::string path);
    wring::Task<> nlst(std::string path);
    wring::Task<> retr(std::string path);
    wring::Task<> stor(std::string path);

    std::string resolve(const std::string& path) const { return resolvePath(cwd_, path); }
    wring::Task<> ask(Question question, std::string path, std::string prefix);
    wring::Task<> connectTo(std::optional<wring::Address> where);
    wring::Task<> sendList(std::string path, bool isLong);
    wring::Task<> begin(Transfer transfer, FtpFile file, std::string text);
    wring::Task<std::string> carryOut(wring::Ref<FtpData> source, Transfer transfer, FtpFile file,
                                      std::string text);
    wring::Task<> report(wring::Deferred<std::string> transfer);
    wring::Task<> sendText(wring::Stream* data, FtpFile, std::string text);
    wring::Task<> sendFile(wring::Stream* data, FtpFile file, std::string);
    wring::Task<> receiveFile(wring::Stream* data, FtpFile file, std::string);

    wring::Reactor& reactor_;
    wring::Stream control_;
    const FtpSettings& settings_;
    wring::Scope* scope_ = nullptr;
    std::string cwd_ = "/";
    std::string user_;
    bool isLoggedIn_ = false;
    bool isOver_ = false;
    wring::Ref<FtpData> data_;  // for the next transfer
    std::optional<wring::Deferred<std::string>> transfer_;
    wring::Event idle_;  // no transfer goes on
};

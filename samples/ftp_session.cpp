#include <wring/samples/ftp_session.hpp>

#include <wring/deferred/threads.hpp>
#include <wring/deferred/timeout.hpp>
#include <wring/net/errors.hpp>
#include <wring/net/framing.hpp>
#include <wring/runtime/reactor.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <map>
#include <vector>

using namespace wring;

namespace {

constexpr std::size_t pieceBytes = 256 * 1024;

// What FTP calls a failure to do something with a file.
std::string fileReply(const Failure& failure) {
    if (!failure.check<std::system_error>()) return "451 Local error in processing.";
    int code = failure.number();
    if (code == ENOSPC || code == EDQUOT) return "452 There is no room for it.";
    return "550 " + std::generic_category().message(code == EXDEV ? EACCES : code) + ".";
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (char each : text) {
        if (each == separator) {
            parts.emplace_back();
        } else {
            parts.back() += each;
        }
    }
    return parts;
}

std::optional<unsigned> number(const std::string& text, unsigned most) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most) return {};
    return value;
}

// PORT: four numbers of the host, two of the port.
std::optional<Address> parsePort(const std::string& where) {
    std::vector<std::string> parts = split(where, ',');
    if (parts.size() != 6) return {};
    auto high = number(parts[4], 255), low = number(parts[5], 255);
    if (!high || !low) return {};
    std::string host = parts[0] + "." + parts[1] + "." + parts[2] + "." + parts[3];
    return Address::parse(host, static_cast<std::uint16_t>(*high * 256 + *low));
}

// EPRT: "|1|127.0.0.1|1025|", with any separator.
std::optional<Address> parseExtendedPort(const std::string& where) {
    if (where.empty()) return {};
    std::vector<std::string> parts = split(where, where[0]);
    if (parts.size() != 5 || !parts[0].empty() || !parts[4].empty()) return {};
    auto port = number(parts[3], 65535);
    if (!port) return {};
    return Address::parse(parts[2], static_cast<std::uint16_t>(*port));
}

// Telnet's signals, which may stand before ABOR, and white space go.
std::string trimmed(std::string_view line) {
    while (!line.empty() && static_cast<unsigned char>(line.front()) >= 0xf0) line.remove_prefix(1);
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    return std::string(line);
}

std::string upper(std::string text) {
    for (char& each : text)
        each = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    return text;
}

std::string sizeOf(const FtpFolder* folder, std::string path) { return folder->sizeOf(path); }
std::string timeOf(const FtpFolder* folder, std::string path) { return folder->timeOf(path); }
std::string shortList(const FtpFolder* folder, std::string path) {
    return folder->list(path, false);
}
std::string longList(const FtpFolder* folder, std::string path) { return folder->list(path, true); }
std::string removed(const FtpFolder* folder, std::string path) {
    folder->remove(path);
    return "It is gone.";
}
std::string entered(const FtpFolder* folder, std::string path) {
    folder->checkFolder(path);
    return "You are there.";
}
FtpFile openToRead(const FtpFolder* folder, std::string path) { return folder->openToRead(path); }
FtpFile openToWrite(const FtpFolder* folder, std::string path) { return folder->openToWrite(path); }

Task<> writeAll(Stream* stream, const std::string* text) { co_await stream->write(*text); }
Task<Bytes> readSome(Stream* stream) { co_return co_await stream->read(); }

}  // namespace

FtpSession::FtpSession(Reactor& reactor, Stream control, const FtpSettings& settings)
    : reactor_(reactor), control_(std::move(control)), settings_(settings) {
    idle_.set();
    control_.setTcpNoDelay(true);  // replies are small, and some come in pairs
}

Task<> FtpSession::reply(std::string text) { co_await writeLine(control_, text); }

Task<std::optional<std::string>> FtpSession::nextLine() {
    std::optional<Bytes> line = co_await readLine(control_, 1024);
    if (!line) co_return std::nullopt;
    co_return trimmed(line->text());
}

Task<> FtpSession::run(Scope& scope) {
    scope_ = &scope;
    co_await reply("220 wring's FTP sample.");
    while (!isOver_) {
        auto line = co_await outcome(withTimeout(settings_.idleLimit, nextLine()));
        if (!line && line.error().check<TimeoutError>()) {
            if (!idle_.isSet()) continue;  // the transfer has a limit of its own
            co_await reply("421 You have said nothing for a while.");
            break;
        }
        if (!line && line.error().check<MessageLengthError>()) {
            co_await reply("500 The line is too long.");
            break;
        }
        std::optional<std::string> text = std::move(line.value());
        if (!text) break;
        if (upper(*text) == "ABOR") {
            co_await abort();
        } else {
            co_await idle_.wait();
            co_await handle(*text);
        }
    }
    if (transfer_) transfer_->cancel();
    co_await idle_.wait();
    co_await control_.close();
}

Task<> FtpSession::handle(std::string line) {
    std::size_t space = std::min(line.find(' '), line.size());
    std::string verb = upper(line.substr(0, space));
    std::string argument = space < line.size() ? line.substr(space + 1) : std::string();
    bool isClean = std::none_of(argument.begin(), argument.end(),
                                [](unsigned char each) { return each < 0x20; });
    Command command = find(verb);
    if (!command) {
        co_await reply("502 This command is not known here.");
    } else if (!isClean) {
        co_await reply("501 The argument has a control character.");
    } else if (!isLoggedIn_ && verb != "USER" && verb != "PASS" && verb != "QUIT") {
        co_await reply("530 Please log in with USER and PASS.");
    } else {
        co_await (this->*command)(argument);
    }
}

FtpSession::Command FtpSession::find(const std::string& verb) {
    using S = FtpSession;
    static const std::map<std::string, Command> commands{
        {"CDUP", &S::cdup}, {"CWD", &S::cwd},   {"DELE", &S::dele}, {"EPRT", &S::eprt},
        {"EPSV", &S::epsv}, {"FEAT", &S::feat}, {"LIST", &S::list}, {"MDTM", &S::mdtm},
        {"NLST", &S::nlst}, {"NOOP", &S::noop}, {"PASS", &S::pass}, {"PASV", &S::pasv},
        {"PORT", &S::port}, {"PWD", &S::pwd},   {"QUIT", &S::quit}, {"RETR", &S::retr},
        {"SIZE", &S::size}, {"STOR", &S::stor}, {"SYST", &S::syst}, {"TYPE", &S::type},
        {"USER", &S::user}};
    auto found = commands.find(verb);
    return found == commands.end() ? nullptr : found->second;
}

Task<> FtpSession::abort() {
    if (transfer_) transfer_->cancel();
    co_await idle_.wait();
    co_await reply("226 Nothing goes on any more.");
}

Task<> FtpSession::user(std::string name) {
    user_ = name;
    isLoggedIn_ = false;
    co_await reply("331 Your e-mail address as the password, please.");
}

Task<> FtpSession::pass(std::string) {
    isLoggedIn_ = user_ == "anonymous" || user_ == "ftp";
    const char* text = isLoggedIn_ ? "230 Welcome." : "530 Only anonymous may come in.";
    co_await reply(text);
}

Task<> FtpSession::quit(std::string) {
    isOver_ = true;
    co_await reply("221 Goodbye.");
}

Task<> FtpSession::noop(std::string) { co_await reply("200 Done."); }
Task<> FtpSession::syst(std::string) { co_await reply("215 UNIX Type: L8"); }
Task<> FtpSession::feat(std::string) {
    co_await reply("211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n SIZE\r\n211 End.");
}

// A file's bytes are sent as they are, in either type.
Task<> FtpSession::type(std::string code) {
    bool isKnown = upper(code) == "A" || upper(code) == "I";
    const char* text = isKnown ? "200 As you like." : "504 Only A and I are known.";
    co_await reply(text);
}

Task<> FtpSession::pwd(std::string) {
    std::string quoted;
    for (char each : cwd_) quoted += each == '"' ? std::string("\"\"") : std::string(1, each);
    co_await reply("257 \"" + quoted + "\" is where you are.");
}

Task<> FtpSession::ask(Question question, std::string path, std::string prefix) {
    auto answer = co_await outcome(deferToThread(question, &settings_.folder, path));
    if (answer && question == &entered) cwd_ = path;
    std::string text = answer ? prefix + *answer : fileReply(answer.error());
    co_await reply(text);
}

Task<> FtpSession::cwd(std::string path) { co_await ask(&entered, resolve(path), "250 "); }
Task<> FtpSession::cdup(std::string) { co_await ask(&entered, resolve(".."), "250 "); }
Task<> FtpSession::size(std::string path) { co_await ask(&sizeOf, resolve(path), "213 "); }
Task<> FtpSession::mdtm(std::string path) { co_await ask(&timeOf, resolve(path), "213 "); }
Task<> FtpSession::dele(std::string path) {
    if (settings_.takesFiles) {
        co_await ask(&removed, resolve(path), "250 ");
    } else {
        co_await reply("550 Nothing can be changed here.");
    }
}

Task<> FtpSession::pasv(std::string) {
    Address here = control_.getHost();
    if (here.family() == AddressFamily::ipv4) {
        data_ = passiveData(reactor_, here, control_.getPeer());
        std::string host = here.host();
        std::replace(host.begin(), host.end(), '.', ',');
        co_await reply("227 Entering Passive Mode (" + host + "," +
                       std::to_string(data_->port() / 256) + "," +
                       std::to_string(data_->port() % 256) + ").");
    } else {
        co_await reply("425 Use EPSV.");
    }
}

Task<> FtpSession::epsv(std::string) {
    data_ = passiveData(reactor_, control_.getHost(), control_.getPeer());
    co_await reply("229 Entering Extended Passive Mode (|||" + std::to_string(data_->port()) +
                   "|)");
}

Task<> FtpSession::port(std::string where) { co_await connectTo(parsePort(where)); }
Task<> FtpSession::eprt(std::string where) { co_await connectTo(parseExtendedPort(where)); }

// A client may not have the server connect to somebody else, nor to a service of its own host.
Task<> FtpSession::connectTo(std::optional<Address> where) {
    if (!where) {
        co_await reply("501 That is no address.");
    } else if (where->host() != control_.getPeer().host() || where->port() < 1024) {
        co_await reply("504 Only to a port of your own, from 1024 on.");
    } else {
        data_ = activeData(reactor_, *where);
        co_await reply("200 That is where it will go.");
    }
}

Task<> FtpSession::list(std::string path) { co_await sendList(path, true); }
Task<> FtpSession::nlst(std::string path) { co_await sendList(path, false); }

// Many clients say "LIST -la".
Task<> FtpSession::sendList(std::string path, bool isLong) {
    if (path.starts_with('-')) path.erase(0, std::min(path.find(' '), path.size() - 1) + 1);
    Question question = isLong ? &longList : &shortList;
    auto lines = co_await outcome(deferToThread(question, &settings_.folder, resolve(path)));
    if (lines) {
        co_await begin(&FtpSession::sendText, nullptr, *lines);
    } else {
        co_await reply(fileReply(lines.error()));
    }
}

Task<> FtpSession::retr(std::string path) {
    auto file = co_await outcome(deferToThread(openToRead, &settings_.folder, resolve(path)));
    if (file) {
        co_await begin(&FtpSession::sendFile, *file, std::string());
    } else {
        co_await reply(fileReply(file.error()));
    }
}

Task<> FtpSession::stor(std::string path) {
    if (!settings_.takesFiles) {
        co_await reply("550 Nothing can be changed here.");
        co_return;
    }
    auto file = co_await outcome(deferToThread(openToWrite, &settings_.folder, resolve(path)));
    if (file) {
        co_await begin(&FtpSession::receiveFile, *file, std::string());
    } else {
        co_await reply(fileReply(file.error()));
    }
}

Task<> FtpSession::begin(Transfer transfer, FtpFile file, std::string text) {
    Ref<FtpData> source = std::move(data_);
    if (!source) {
        co_await reply("425 Say PASV or PORT before.");
        co_return;
    }
    co_await reply("150 Here it comes.");
    idle_.clear();
    transfer_ = start(carryOut(std::move(source), transfer, std::move(file), std::move(text)));
    scope_->spawn([](FtpSession* self) { return self->report(*self->transfer_); }, this);
}

// Gives what to reply at the end. The data port is gone by then.
Task<std::string> FtpSession::carryOut(Ref<FtpData> source, Transfer transfer, FtpFile file,
                                       std::string text) {
    auto data = co_await outcome(withTimeout(settings_.dataLimit, source->connect()));
    if (!data && data.error().check<CancelledError>()) co_return data.error();
    if (!data) co_return "425 There is no data connection.";
    auto end = co_await outcome((this->*transfer)(&*data, std::move(file), std::move(text)));
    if (end) end = co_await outcome(data->close());
    if (end) co_return "226 That was all.";
    if (end.error().check<CancelledError>()) co_return end.error();
    bool isFile = end.error().check<std::system_error>() && !end.error().check<Error>();
    if (isFile) co_return fileReply(end.error());
    co_return "426 The data connection broke.";
}

Task<> FtpSession::report(Deferred<std::string> transfer) {
    auto end = co_await outcome(transfer);
    transfer_.reset();
    std::string text = end ? *end : "426 The transfer was aborted.";
    (void)co_await outcome(reply(text));  // the client may have gone
    idle_.set();
}

Task<> FtpSession::sendText(Stream* data, FtpFile, std::string text) {
    co_await withTimeout(settings_.idleLimit, writeAll(data, &text));
}

Task<> FtpSession::sendFile(Stream* data, FtpFile file, std::string) {
    for (std::uint64_t offset = 0;;) {
        std::string piece = co_await deferToThread(readPiece, file, offset, pieceBytes);
        if (piece.empty()) co_return;
        co_await withTimeout(settings_.idleLimit, writeAll(data, &piece));
        offset += piece.size();
    }
}

Task<> FtpSession::receiveFile(Stream* data, FtpFile file, std::string) {
    std::string piece;
    for (bool isOver = false; !isOver;) {
        Bytes chunk = co_await withTimeout(settings_.idleLimit, readSome(data));
        isOver = !chunk;
        piece += chunk.text();
        chunk = Bytes();
        if (piece.size() < pieceBytes && !isOver) continue;
        co_await deferToThread(writePiece, file, std::exchange(piece, {}));
    }
}

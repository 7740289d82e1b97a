#include <wring/samples/ftp_folder.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

using wring::FileDescriptor;

namespace {

[[noreturn]] void fail(int code) { throw std::system_error(code, std::generic_category()); }

int checked(int result) {
    if (result < 0) fail(errno);
    return result;
}

struct stat look(int fd) {
    struct stat found {};
    checked(::fstat(fd, &found));
    return found;
}

struct stat lookAtFile(int fd) {
    struct stat found = look(fd);
    if (!S_ISREG(found.st_mode)) fail(S_ISDIR(found.st_mode) ? EISDIR : EPERM);
    return found;
}

std::string timeText(std::time_t time, const char* format) {
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string_view lastName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::vector<std::string> namesIn(FileDescriptor folder) {
    DIR* stream = ::fdopendir(folder.get());
    if (!stream) fail(errno);
    (void)folder.release();  // closed with the stream
    std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, ::closedir);
    std::vector<std::string> names;
    while (const dirent* each = ::readdir(stream)) {
        std::string name = each->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

// A name must not be taken for the end of its line.
std::string lineOf(std::string name, const struct stat& about, bool isLong) {
    for (char& each : name) {
        if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = '?';
    }
    std::string line;
    if (isLong) {
        line = S_ISDIR(about.st_mode) ? "drwxr-xr-x" : "-rw-r--r--";
        line += " 1 ftp ftp " + std::to_string(about.st_size) + " ";
        line += timeText(about.st_mtime, "%b %d  %Y ");
    }
    return line + name + "\r\n";
}

}  // namespace

FtpFolder::FtpFolder(const std::string& path)
    : root_(checked(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))) {}

FileDescriptor FtpFolder::open(const std::string& path, std::uint64_t flags) const {
    open_how how{};
    // What is not an ordinary file must not keep the thread waiting.
    how.flags = flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    if (flags & O_CREAT) how.mode = 0644;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    std::string below = path == "/" ? "." : path.substr(1);
    long fd = ::syscall(SYS_openat2, root_.get(), below.c_str(), &how, sizeof how);
    return FileDescriptor(checked(static_cast<int>(fd)));
}

FtpFile FtpFolder::openToRead(const std::string& path) const {
    auto file = std::make_shared<FileDescriptor>(open(path, O_RDONLY));
    lookAtFile(file->get());
    return file;
}

FtpFile FtpFolder::openToWrite(const std::string& path) const {
    auto file = std::make_shared<FileDescriptor>(open(path, O_WRONLY | O_CREAT));
    lookAtFile(file->get());
    checked(::ftruncate(file->get(), 0));
    return file;
}

void FtpFolder::checkFolder(const std::string& path) const { open(path, O_RDONLY | O_DIRECTORY); }

std::string FtpFolder::sizeOf(const std::string& path) const {
    return std::to_string(lookAtFile(open(path, O_RDONLY).get()).st_size);
}

std::string FtpFolder::timeOf(const std::string& path) const {
    return timeText(lookAtFile(open(path, O_RDONLY).get()).st_mtime, "%Y%m%d%H%M%S");
}

std::string FtpFolder::list(const std::string& path, bool isLong) const {
    FileDescriptor found = open(path, O_RDONLY);
    struct stat about = look(found.get());
    if (!S_ISDIR(about.st_mode)) return lineOf(std::string(lastName(path)), about, isLong);
    FileDescriptor folder(checked(::dup(found.get())));
    std::string lines;
    for (const std::string& each : namesIn(std::move(folder))) {
        // What has gone meanwhile is not told of.
        if (::fstatat(found.get(), each.c_str(), &about, AT_SYMLINK_NOFOLLOW) < 0) continue;
        lines += lineOf(each, about, isLong);
    }
    return lines;
}

void FtpFolder::remove(const std::string& path) const {
    std::string_view name = lastName(path);
    std::string folder = path.substr(0, path.size() - name.size());
    FileDescriptor parent = open(resolvePath("/", folder), O_RDONLY | O_DIRECTORY);
    checked(::unlinkat(parent.get(), std::string(name).c_str(), 0));
}

std::string readPiece(const FtpFile& file, std::uint64_t offset, std::size_t most) {
    std::string piece(most, '\0');
    auto got = ::pread(file->get(), piece.data(), most, static_cast<off_t>(offset));
    piece.resize(static_cast<std::size_t>(checked(static_cast<int>(got))));
    return piece;
}

void writePiece(const FtpFile& file, std::string_view piece) {
    while (!piece.empty()) {
        auto put = ::write(file->get(), piece.data(), piece.size());
        piece.remove_prefix(static_cast<std::size_t>(checked(static_cast<int>(put))));
    }
}

std::string resolvePath(std::string_view from, std::string_view path) {
    std::string whole = path.starts_with('/') ? std::string() : std::string(from);
    whole.append("/").append(path).append("/");
    std::string resolved;
    for (std::size_t begin = 0, end; (end = whole.find('/', begin)) != whole.npos;) {
        std::string part = whole.substr(begin, end - begin);
        begin = end + 1;
        if (part == "..") {
            resolved.erase(std::min(resolved.rfind('/'), resolved.size()));
        } else if (!part.empty() && part != ".") {
            resolved += "/" + part;
        }
    }
    return resolved.empty() ? "/" : resolved;
}

#pragma once

#include <wring/runtime/file_descriptor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// An open file, which a thread may still use when nobody else does.
using FtpFile = std::shared_ptr<wring::FileDescriptor>;

/// A folder whose files are served, and nothing beside it, whatever a path or a symbolic link says:
/// the kernel sees to that (openat2(2), RESOLVE_BENEATH). Paths begin with "/", which is the
/// folder.
///
/// Errors    std::system_error.
/// Thread    any; everything here may block, so it is not for the reactor's.
class FtpFolder {
 public:
    /// Opens it.
    explicit FtpFolder(const std::string& path);

    /// An ordinary file, to be read; one to be written, made or emptied.
    FtpFile openToRead(const std::string& path) const;
    FtpFile openToWrite(const std::string& path) const;
    /// Fails unless it is a folder.
    void checkFolder(const std::string& path) const;
    /// How long an ordinary file is; when it was changed, as FTP writes it.
    std::string sizeOf(const std::string& path) const;
    std::string timeOf(const std::string& path) const;
    /// A line for each thing in a folder, or for the file: as `ls -l` does, or its name only.
    std::string list(const std::string& path, bool isLong) const;
    /// Removes a file.
    void remove(const std::string& path) const;

 private:
    wring::FileDescriptor open(const std::string& path, std::uint64_t flags) const;

    wring::FileDescriptor root_;
};

/// What is in the file from there on, `most` bytes at most; empty at its end.
std::string readPiece(const FtpFile& file, std::uint64_t offset, std::size_t most);
/// Writes all of it.
void writePiece(const FtpFile& file, std::string_view piece);

/// The path that `path` means for somebody who is in the folder `from`: without "." and "..", which
/// end at "/".
std::string resolvePath(std::string_view from, std::string_view path);

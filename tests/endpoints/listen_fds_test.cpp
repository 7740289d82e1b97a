#include <wring/endpoints/listen_fds.hpp>

#include <wring/tests/support/streams.hpp>

#include <fcntl.h>
#include <cstdlib>
#include <optional>

namespace wring {
namespace {

using namespace testing;

/// Two open descriptors side by side, which will not close themselves.
class TwoDescriptors {
 public:
    TwoDescriptors() {
        int fd = ::open("/dev/null", O_RDONLY);
        for (first_ = 500; ::fcntl(first_, F_GETFD) >= 0 || ::fcntl(first_ + 1, F_GETFD) >= 0;) {
            ++first_;
        }
        EXPECT_EQ(::dup2(fd, first_), first_);
        EXPECT_EQ(::dup2(fd, first_ + 1), first_ + 1);
        ::close(fd);
    }
    TwoDescriptors(const TwoDescriptors&) = delete;
    TwoDescriptors& operator=(const TwoDescriptors&) = delete;
    ~TwoDescriptors() {
        ::close(first_);
        ::close(first_ + 1);
    }
    int first() const { return first_; }

 private:
    int first_ = 0;
};

std::string self() { return std::to_string(::getpid()); }

TEST(ListenFDsTest, thereAreNoneWhereTheyAreForNobodyOrSomebodyElse) {
    CapturedLog log;
    EXPECT_TRUE(ListenFDs::parse({}).inheritedDescriptors().empty());
    EXPECT_TRUE(ListenFDs::parse({"1", "1", "a"}).inheritedDescriptors().empty());
    std::string padded = " " + self(), zero = "0" + self();
    EXPECT_TRUE(ListenFDs::parse({padded.c_str(), "1", "a"}).inheritedDescriptors().empty());
    EXPECT_TRUE(ListenFDs::parse({zero.c_str(), "1", "a"}).inheritedDescriptors().empty());
    EXPECT_TRUE(CapturedLog::lines().empty());
}

TEST(ListenFDsTest, whatDoesNotFitTogetherMeansNoneAndOneWarning) {
    TwoDescriptors two;
    struct Case {
        const char* count;
        const char* names;
        const char* warning;
    };
    for (Case each :
         {Case{nullptr, nullptr, "LISTEN_FDS is not set"},
          Case{"abc", nullptr, "LISTEN_FDS is 'abc'"}, Case{"", nullptr, "is ''"},
          Case{"-1", nullptr, "'-1'"}, Case{"-0", nullptr, "'-0'"}, Case{" 1", nullptr, "' 1'"},
          Case{"1x", nullptr, "'1x'"}, Case{"99999999999", nullptr, "'99999999999'"},
          Case{"3", nullptr, "is not open"}, Case{"2147483647", nullptr, "is not open"},
          Case{"2", "a", "LISTEN_FDNAMES has 1 names, LISTEN_FDS says 2"},
          Case{"2", "a:b:c", "LISTEN_FDNAMES has 3 names, LISTEN_FDS says 2"},
          Case{"2", "", "has 1 names"}}) {
        CapturedLog log;
        auto found = ListenFDs::parse({self().c_str(), each.count, each.names}, two.first());
        EXPECT_TRUE(found.inheritedDescriptors().empty()) << each.warning;
        EXPECT_TRUE(found.names().empty());
        EXPECT_EQ(CapturedLog::lines().size(), 1u);
        EXPECT_TRUE(log.has(each.warning)) << each.warning;
    }
}

TEST(ListenFDsTest, descriptorsAreFoundByIndexAndByName) {
    TwoDescriptors two;
    auto found = ListenFDs::parse({self().c_str(), "2", "a:b"}, two.first());
    EXPECT_EQ(found.inheritedDescriptors(), (std::vector<int>{two.first(), two.first() + 1}));
    EXPECT_EQ(found.inheritedNamedDescriptors(),
              (std::map<std::string, int>{{"a", two.first()}, {"b", two.first() + 1}}));
}

TEST(ListenFDsTest, descriptorsWithoutNamesAreThereAllTheSame) {
    TwoDescriptors two;
    auto found = ListenFDs::parse({self().c_str(), "2", nullptr}, two.first());
    EXPECT_EQ(found.inheritedDescriptors().size(), 2u);
    EXPECT_TRUE(found.inheritedNamedDescriptors().empty());
}

TEST(ListenFDsTest, ofTwoWithOneNameTheMapHasTheLast) {
    TwoDescriptors two;
    auto found = ListenFDs::parse({self().c_str(), "2", "a:a"}, two.first());
    EXPECT_EQ(found.inheritedNamedDescriptors(),
              (std::map<std::string, int>{{"a", two.first() + 1}}));
}

TEST(ListenFDsTest, theVariablesAreTakenAwayAndChildrenInheritNothing) {
    TwoDescriptors two;
    ::setenv("LISTEN_PID", self().c_str(), 1);
    ::setenv("LISTEN_FDS", "2", 1);
    ::setenv("LISTEN_FDNAMES", "a:b", 1);
    EXPECT_EQ(ListenFDs::fromEnvironment(two.first()).inheritedDescriptors().size(), 2u);
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
        EXPECT_EQ(::getenv(name), nullptr) << name;
    }
    EXPECT_EQ(::fcntl(two.first(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(two.first() + 1, F_GETFD), FD_CLOEXEC);
    EXPECT_TRUE(ListenFDs::fromEnvironment(two.first()).inheritedDescriptors().empty());
}

TEST(ListenFDsTest, whatIsForAnotherProcessIsLeftToIt) {
    TwoDescriptors two;
    ::setenv("LISTEN_PID", "1", 1);
    ::setenv("LISTEN_FDS", "2", 1);
    EXPECT_TRUE(ListenFDs::fromEnvironment(two.first()).inheritedDescriptors().empty());
    EXPECT_STREQ(::getenv("LISTEN_PID"), "1");
    EXPECT_EQ(::fcntl(two.first(), F_GETFD), 0);
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
}

}  // namespace
}  // namespace wring

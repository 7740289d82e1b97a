#include <wring/tests/endpoints/endpoint_strings.hpp>

namespace wring {
namespace {

using namespace testing;
using UnixStringTest = EndpointStringTest;

std::string withNul(std::string text) { return '\0' + text; }

TEST_F(UnixStringTest, goodOnesAreAccepted) {
    for (const std::string& text :
         {std::string("unix:/tmp/s"), std::string("UNIX:/tmp/s"), std::string("unix:relative.sock"),
          std::string("unix:/tmp/a\\:b\\=c\\\\d"), std::string("unix:address=/tmp/s"),
          std::string("unix:/tmp/s:mode=600:backlog=5:lockfile=0"),
          std::string("unix:/tmp/s:660:5:1"), "unix:" + std::string(107, 'x'),
          "unix:" + withNul(std::string(107, 'x')), "unix:" + withNul("name:lockfile=0"),
          std::string("unix:/tmp/caf\xe9")}) {
        EXPECT_EQ(server(text), "accepted") << text;
    }
    for (const std::string& text :
         {std::string("unix:/tmp/s"), std::string("unix:path=/tmp/s:timeout=0.5"),
          std::string("unix:/tmp/s:lockfile=1"), std::string("unix:/tmp/s:checkPID=0"),
          "unix:" + withNul("name")}) {
        EXPECT_EQ(client(text), "accepted") << text;
    }
}

struct Bad {
    const char* text;
    const char* complaint;
};

TEST_F(UnixStringTest, aBadOneToListenOnIsNamed) {
    for (Bad each :
         {Bad{"unix", "missing address"}, Bad{"unix:", "address is empty"},
          Bad{"unix:/tmp/a\\", "dangling escape"}, Bad{"unix:/s:mode=999", "'999' is not octal"},
          Bad{"unix:/s:mode=8", "'8' is not octal"},
          Bad{"unix:/s:mode=10666", "10666 out of octal 0..777"},
          Bad{"unix:/s:mode=", "mode is empty"}, Bad{"unix:/s:mode=-1", "mode '-1' is not octal"},
          Bad{"unix:/s:backlog=-1", "backlog"},
          Bad{"unix:/s:lockfile=-1", "lockfile -1 out of 0.."},
          Bad{"unix:/s:lockfile=no", "lockfile 'no' is not a decimal number"},
          Bad{"unix:/s:wantPID=1", "unknown argument 'wantPID'"},
          Bad{"unix:/s:600:5:1:2", "too many positional arguments"}}) {
        EXPECT_PRED2(has, server(each.text), each.complaint) << each.text;
    }
}

TEST_F(UnixStringTest, aBadOneToConnectToIsNamed) {
    for (Bad each : {Bad{"unix", "missing path"}, Bad{"unix:path=", "path is empty"},
                     Bad{"unix:/s:30", "too many positional arguments"},
                     Bad{"unix:/s:timeout=0", "must be > 0"},
                     Bad{"unix:/s:checkPID=yes", "checkPID 'yes' is not a decimal number"},
                     Bad{"unix:/s:checkPID=1:lockfile=1", "two names for one argument"},
                     Bad{"unix:/s:mode=600", "unknown argument 'mode'"}}) {
        EXPECT_PRED2(has, client(each.text), each.complaint) << each.text;
    }
}

TEST_F(UnixStringTest, aPathThatIsTooLongIsTold) {
    for (const std::string& path : {std::string(108, 'x'), withNul(std::string(108, 'x'))}) {
        EXPECT_PRED2(has, server("unix:" + path), "too long (108 > 107 bytes)");
        EXPECT_PRED2(has, client("unix:" + path), "too long (108 > 107 bytes)");
    }
}

TEST_F(UnixStringTest, aNulMayOnlyStandInFront) {
    EXPECT_PRED2(has, server(std::string("unix:/tmp/a\0b", 13)), "contains a NUL byte");
    EXPECT_PRED2(has, client(std::string("unix:/tmp/a\0b", 13)), "contains a NUL byte");
    EXPECT_PRED2(has, server("unix:" + withNul("")), "address is empty");
}

TEST_F(UnixStringTest, anAbstractNameHasNoLock) {
    EXPECT_PRED2(has, server("unix:" + withNul("name:lockfile=1")), "cannot be had");
    EXPECT_PRED2(has, client("unix:" + withNul("name:lockfile=1")), "cannot be had");
}

}  // namespace
}  // namespace wring

#include <wring/net/traffic_logging_factory.hpp>

#include <wring/net/spewing_factory.hpp>
#include <wring/tests/net/wrapped.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace wring {
namespace {

using namespace testing;
namespace fs = std::filesystem;

class TrafficLoggingFactoryTest : public ::testing::Test {
 protected:
    TrafficLoggingFactoryTest() {
        std::string name = (fs::temp_directory_path() / "wring-traffic-XXXXXX").string();
        if (::mkdtemp(name.data())) folder_ = name;
    }
    ~TrafficLoggingFactoryTest() override { fs::remove_all(folder_); }

    Ref<TrafficLoggingFactory> make(std::optional<std::size_t> limit = {}) {
        return makeRef<TrafficLoggingFactory>(factory<Recorder>(&record_),
                                              (folder_ / "log").string(), limit);
    }
    std::string logged(int number) const {
        std::ifstream file(folder_ / ("log-" + std::to_string(number)));
        return {std::istreambuf_iterator<char>(file), {}};
    }

    fs::path folder_;
    Record record_;
};

TEST_F(TrafficLoggingFactoryTest, everythingThatHappensIsALine) {
    auto logging = make();
    WrappedConnection it(*logging, record_);
    EXPECT_EQ(logged(1), "*\n");
    it.receive("to\r\nyou");
    it.inside().write("it's me\t\\");
    BytesView parts[] = {asBytes("a"), asBytes(std::string_view("\0\xff", 2))};
    it.inside().writeSequence(parts);
    it.inside().loseConnection();
    it.lose();
    EXPECT_EQ(logged(1),
              "*\nC 1: 'to\\r\\nyou'\nS 1: 'it\\'s me\\t\\\\'\nSV 1: ['a', '\\x00\\xff']\nS 1: *\n"
              "C 1: ConnectionDone: Connection was closed cleanly.\n");
    EXPECT_EQ(record_.received, "to\r\nyou");
    EXPECT_EQ(it.outside().value(), std::string("it's me\t\\a\0\xff", 12));
    EXPECT_TRUE(it.outside().disconnecting());
}

TEST_F(TrafficLoggingFactoryTest, eachConnectionHasAFileAndANumberOfItsOwn) {
    auto logging = make();
    WrappedConnection first(*logging, record_), second(*logging, record_);
    second.receive("two");
    first.receive("one");
    EXPECT_EQ(logged(1), "*\nC 1: 'one'\n");
    EXPECT_EQ(logged(2), "*\nC 2: 'two'\n");
}

TEST_F(TrafficLoggingFactoryTest, resetCounterBeginsWithTheFirstFileAgain) {
    auto logging = make();
    WrappedConnection(*logging, record_).receive("old");
    logging->resetCounter();
    WrappedConnection it(*logging, record_);
    EXPECT_EQ(logged(1), "*\n");
    EXPECT_FALSE(fs::exists(folder_ / "log-2"));
}

TEST_F(TrafficLoggingFactoryTest, longDataIsCutToTheLimit) {
    auto logging = make(20);
    WrappedConnection it(*logging, record_);
    it.receive(std::string(20, 'x'));
    it.receive(std::string(21, 'y'));
    EXPECT_EQ(logged(1), "*\nC 1: 'xxxxxxxxxxxxxxxxxxxx'\nC 1: 'yyyyyyyy<... elided>'\n");
    EXPECT_EQ(record_.received.size(), 41u);
}

TEST_F(TrafficLoggingFactoryTest, aLimitShorterThanTheMarkLeavesTheMark) {
    auto logging = make(3);
    WrappedConnection it(*logging, record_);
    it.receive("four");
    EXPECT_EQ(logged(1), "*\nC 1: '<... elided>'\n");
}

TEST_F(TrafficLoggingFactoryTest, aFileThatCannotBeOpenedRefusesTheConnection) {
    auto logging = makeRef<TrafficLoggingFactory>(factory<Recorder>(&record_),
                                                  (folder_ / "no" / "log").string());
    EXPECT_THROW(logging->buildProtocol(Address::loopback4(1)), Error);
    EXPECT_TRUE(logging->protocols().empty());
}

TEST_F(TrafficLoggingFactoryTest, aFullDiskEndsTheLogAndNotTheConnection) {
    if (!fs::exists("/dev/full")) GTEST_SKIP() << "this machine has no /dev/full";
    CapturedLog log;
    fs::create_symlink("/dev/full", folder_ / "log-1");
    auto logging = make();
    WrappedConnection it(*logging, record_);
    it.receive("one");
    it.receive("two");
    EXPECT_TRUE(log.has("cannot be written"));
    EXPECT_EQ(CapturedLog::lines().size(), 1u);
    EXPECT_EQ(record_.received, "onetwo");
}

TEST(SpewingFactoryTest, whatGoesThroughIsLogged) {
    CapturedLog log;
    Record record;
    auto spewing = makeRef<SpewingFactory>(factory<Recorder>(&record));
    WrappedConnection it(*spewing, record);
    it.receive("in\n");
    it.inside().write("out");
    BytesView parts[] = {asBytes("a"), asBytes("b")};
    it.inside().writeSequence(parts);
    EXPECT_EQ(CapturedLog::lines(),
              (Strings{"Received: 'in\\n'", "Sending: 'out'", "Sending: 'a'", "Sending: 'b'"}));
    EXPECT_EQ(it.outside().value(), "outab");
    EXPECT_EQ(record.received, "in\n");
}

}  // namespace
}  // namespace wring

#include <wring/deferred/start.hpp>
#include <wring/endpoints/plugins.hpp>
#include <wring/endpoints/registry.hpp>
#include <wring/runtime/log.hpp>
#include <wring/runtime/reactor.hpp>

#include <gtest/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace wring {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

Strings& logged() {
    static Strings lines;
    return lines;
}

/// A folder of its own with links to some of the plugins that were built for this test.
class PluginsTest : public ::testing::Test {
 protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "wring-plugins-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        logged().clear();
        before_ = setLogSink([](LogLevel, std::string_view line) { logged().emplace_back(line); });
    }
    void TearDown() override {
        setLogSink(before_);
        fs::remove_all(folder_);
    }

    /// Puts the plugin that was built under that name into the folder.
    void put(const std::string& name) {
        fs::path built = fs::path(WRING_TEST_PLUGINS) / (name + ".so");
        ASSERT_TRUE(fs::exists(built)) << built;
        fs::create_symlink(built, folder_ / (name + ".so"));
    }
    Strings load() {
        Strings names;
        for (const std::string& path :
             loadEndpointPlugins(folder_.string(), EndpointRegistry::instance())) {
            names.push_back(fs::path(path).stem().string());
        }
        return names;
    }
    static bool wasLogged(std::string_view name, std::string_view reason) {
        for (const std::string& line : logged()) {
            if (line.find(name) == std::string::npos) continue;
            if (line.find(reason) != std::string::npos) return true;
        }
        return false;
    }

    fs::path folder_;
    LogSink before_{};
};

Task<> echo(Stream peer) {
    while (Bytes chunk = co_await peer.read()) co_await peer.write(std::move(chunk));
}

Task<> exchange(Reactor* reactor, std::string* got) {
    auto port = co_await serverFromString(*reactor, "loopback:0")->listen(serve(echo));
    std::string text = "loopback:" + std::to_string(port->getHost().port());
    Stream stream = co_await clientFromString(*reactor, text)->connectStream();
    co_await stream.write("through a plugin");
    std::string back(16, ' ');
    co_await stream.readExactly(std::as_writable_bytes(std::span<char>(back)));
    *got = back;
    co_await stream.close();
    co_await port->stopListening();
}

// In a process of its own: what is registered stays.
int exchangeWithPluginsOf(const std::string& folders) {
    ::setenv("WRING_PLUGINS", folders.c_str(), 1);
    std::string got;
    Reactor reactor;
    reactor.callWhenRunning([&] {
        start(exchange(&reactor, &got)).addBoth([&](const Result<void>&) { reactor.stop(); });
    });
    reactor.run(false);
    return got == "through a plugin" ? 0 : 1;
}

TEST_F(PluginsTest, theSampleAddsATypeThatListensAndConnects) {
    put("loopback_plugin");
    EXPECT_EXIT(std::exit(exchangeWithPluginsOf("/nonexistent::" + folder_.string())),
                ::testing::ExitedWithCode(0), "");
}

TEST_F(PluginsTest, aBrokenPluginIsToldAndSkippedAndTheOthersAreLoaded) {
    for (const char* name :
         {"empty_plugin", "loopback_plugin", "stale_plugin", "throwing_plugin"}) {
        put(name);
    }
    std::ofstream(folder_ / "damaged.so") << "this is no shared object";
    std::ofstream(folder_ / "notes.txt") << "not even by name";
    EXPECT_EQ(load(), Strings{"loopback_plugin"});
    EXPECT_TRUE(wasLogged("damaged.so", "is skipped: "));
    EXPECT_TRUE(wasLogged("empty_plugin.so", "it is no plugin of wring's"));
    EXPECT_TRUE(wasLogged("stale_plugin.so", "it is for version 0 of plugins, this is 1"));
    EXPECT_TRUE(wasLogged("throwing_plugin.so", "it has changed its mind"));
    EXPECT_EQ(logged().size(), 4u);
    EXPECT_EQ(EndpointRegistry::instance().server("loopback").prefix(), "loopback");

    logged().clear();
    EXPECT_TRUE(load().empty());
    EXPECT_TRUE(wasLogged("loopback_plugin.so", "registered already"));
}

TEST_F(PluginsTest, aFolderThatIsNotThereIsTold) {
    fs::remove_all(folder_);
    EXPECT_TRUE(load().empty());
    EXPECT_TRUE(wasLogged(folder_.string(), "is skipped: No such file or directory"));
}

}  // namespace
}  // namespace wring

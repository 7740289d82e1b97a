#include <wring/endpoints/multi_service.hpp>

#include <wring/tests/endpoints/service_record.hpp>
#include <wring/tests/support/streams.hpp>

namespace wring {
namespace {

using namespace testing;

class MultiServiceTest : public ::testing::Test {
 protected:
    Ref<RecordingService> add(const std::string& name) {
        auto made = makeRef<RecordingService>(record_, name);
        made->setServiceParent(*parent_);
        return made;
    }
    Strings taken() { return std::exchange(record_, {}); }

    Strings record_;
    std::string end_;
    Ref<MultiService> parent_ = makeRef<MultiService>();
};

TEST_F(MultiServiceTest, aServiceHasNoNameNorParentAndDoesNotRunAtFirst) {
    auto service = makeRef<Service>();
    EXPECT_EQ(service->name(), "");
    EXPECT_EQ(service->parent(), nullptr);
    EXPECT_FALSE(service->running());
    watch(service->disownServiceParent(), end_);
    EXPECT_EQ(end_, "fired");
    service->startService();
    EXPECT_TRUE(service->running());
    watch(service->stopService(), end_);
    EXPECT_EQ(end_, "fired");
    EXPECT_FALSE(service->running());
}

TEST_F(MultiServiceTest, aNameIsFixedWhileThereIsAParent) {
    auto service = add("one");
    EXPECT_THROW(service->setName("two"), UsageError);
    EXPECT_EQ(service->name(), "one");
    service->disownServiceParent();
    service->setName("two");
    EXPECT_EQ(service->name(), "two");
}

TEST_F(MultiServiceTest, childrenAreFoundInOrderAndByName) {
    auto one = add("one"), two = add("two");
    EXPECT_EQ(parent_->services(), (std::vector<Ref<IService>>{one, two}));
    EXPECT_EQ(one->parent(), parent_.get());
    EXPECT_EQ(parent_->getServiceNamed("two"), Ref<IService>(two));
    EXPECT_THROW(parent_->getServiceNamed("three"), UsageError);
    add("");
    EXPECT_THROW(parent_->getServiceNamed(""), UsageError);
}

TEST_F(MultiServiceTest, aNameThatIsTakenIsRefusedAndChangesNothing) {
    auto one = add("one");
    auto another = makeRef<RecordingService>(record_, "one");
    EXPECT_THROW(another->setServiceParent(*parent_), UsageError);
    EXPECT_EQ(another->parent(), nullptr);
    EXPECT_EQ(parent_->services().size(), 1u);
    add(""), add("");
    EXPECT_EQ(parent_->services().size(), 3u) << "any number may have none";
}

TEST_F(MultiServiceTest, startsItsChildrenInOrderAndStopsThemInReverse) {
    auto one = add("one"), two = add("two");
    parent_->privilegedStartService();
    EXPECT_FALSE(parent_->running());
    parent_->startService();
    EXPECT_TRUE(parent_->running());
    EXPECT_EQ(taken(), (Strings{"one privileged", "two privileged", "one start", "two start"}));
    watch(parent_->stopService(), end_);
    EXPECT_EQ(taken(), (Strings{"two stop", "one stop"}));
    EXPECT_EQ(end_, "fired");
    EXPECT_FALSE(parent_->running());
}

TEST_F(MultiServiceTest, stopsAllAtOnceAndWaitsForEach) {
    auto one = add("one"), two = add("two");
    one->stopsLater = two->stopsLater = true;
    parent_->startService();
    taken();
    watch(parent_->stopService(), end_);
    EXPECT_FALSE(parent_->running());
    EXPECT_EQ(taken(), (Strings{"two stop", "one stop"}));
    one->whenStopped.callback();
    EXPECT_EQ(end_, "waits");
    two->whenStopped.callback();
    EXPECT_EQ(end_, "fired");
}

TEST_F(MultiServiceTest, aStopNeverFailsAndTellsHowEachEnded) {
    CapturedLog log;
    auto one = add("one"), two = add("two"), three = add("three");
    two->failsToStop = true;
    one->stopsLater = true;
    one->whenStopped.errback(Failure::of<CancelledError>());
    std::vector<bool> ends;
    parent_->stopServices().addCallback([&](const std::vector<Result<void>>& results) {
        for (const auto& each : results) ends.push_back(each.has_value());
    });
    EXPECT_EQ(ends, (std::vector<bool>{true, false, false}));
    watch(parent_->stopService(), end_);
    EXPECT_EQ(end_, "fired");
    EXPECT_TRUE(log.has("two does not stop"));
}

TEST_F(MultiServiceTest, aStopThatIsCancelledCancelsTheChildrens) {
    auto one = add("one"), two = add("two");
    two->stopsLater = true;
    Deferred<> stopping = parent_->stopService();
    watch(stopping, end_);
    stopping.cancel();
    EXPECT_TRUE(two->whenStopped.called());
    EXPECT_EQ(end_, "fired");
    stopping.cancel();
    EXPECT_EQ(end_, "fired");
}

TEST_F(MultiServiceTest, aChildThatCannotStartLeavesThoseBehindItUnstarted) {
    auto one = add("one"), two = add("two"), three = add("three");
    two->failsToStart = true;
    EXPECT_THROW(parent_->startService(), std::runtime_error);
    EXPECT_EQ(taken(), (Strings{"one start", "two start"}));
    EXPECT_TRUE(parent_->running());
    EXPECT_FALSE(three->running());
}

TEST_F(MultiServiceTest, aChildOfARunningCollectionIsStartedAndStoppedAtOnce) {
    parent_->startService();
    auto one = add("one");
    EXPECT_EQ(taken(), (Strings{"one privileged", "one start"}));
    one->stopsLater = true;
    watch(one->disownServiceParent(), end_);
    EXPECT_EQ(taken(), (Strings{"one stop"}));
    EXPECT_EQ(one->parent(), nullptr);
    EXPECT_TRUE(parent_->services().empty());
    EXPECT_EQ(end_, "waits");
    one->whenStopped.callback();
    EXPECT_EQ(end_, "fired");
    EXPECT_THROW(parent_->removeService(*one), UsageError);
}

TEST_F(MultiServiceTest, aChildThatMovesLeavesItsOldParentFirst) {
    auto other = makeRef<MultiService>();
    parent_->startService();
    other->startService();
    auto one = add("one");
    taken();
    one->setServiceParent(*other);
    EXPECT_EQ(taken(), (Strings{"one stop", "one privileged", "one start"}));
    EXPECT_EQ(one->parent(), other.get());
    EXPECT_THROW(parent_->addService(one), UsageError) << "it has a parent";
    EXPECT_TRUE(parent_->services().empty());
}

TEST_F(MultiServiceTest, aChildThatGoesIsKeptUntilItHasStopped) {
    parent_->startService();
    auto one = add("one");
    one->stopsLater = true;
    Deferred<> stopped = one->whenStopped;
    Deferred<> leaving = one->disownServiceParent();
    one = nullptr;
    taken();
    stopped.callback();
    stopped = Deferred<>();
    leaving = Deferred<>();
    EXPECT_EQ(taken(), (Strings{"one gone"}));
}

TEST_F(MultiServiceTest, itsChildrenMayOutliveIt) {
    auto one = add("one");
    parent_ = nullptr;
    EXPECT_EQ(one->parent(), nullptr);
    EXPECT_EQ(taken(), Strings());
}

// Adds a child to its own parent, and removes another, while it is started.
class Rearranging final : public Service {
 public:
    Rearranging(Ref<IService> added, IService& removed)
        : added_(std::move(added)), removed_(removed) {}
    void startService() override {
        Service::startService();
        added_->setServiceParent(*parent());
        removed_.disownServiceParent();
    }

 private:
    Ref<IService> added_;
    IService& removed_;
};

TEST_F(MultiServiceTest, itsChildrenMayComeAndGoWhileItStarts) {
    auto late = makeRef<RecordingService>(record_, "late");
    auto leaving = makeRef<RecordingService>(record_, "leaving");
    makeRef<Rearranging>(late, *leaving)->setServiceParent(*parent_);
    leaving->setServiceParent(*parent_);
    parent_->startService();
    EXPECT_EQ(taken(), (Strings{"late privileged", "late start", "leaving stop"}));
}

TEST_F(MultiServiceTest, makesATree) {
    auto inner = makeRef<MultiService>();
    auto leaf = makeRef<RecordingService>(record_, "leaf");
    leaf->setServiceParent(*inner);
    leaf->stopsLater = true;
    inner->setServiceParent(*parent_);
    parent_->startService();
    EXPECT_TRUE(inner->running());
    watch(parent_->stopService(), end_);
    EXPECT_EQ(end_, "waits");
    leaf->whenStopped.callback();
    EXPECT_EQ(end_, "fired");
    EXPECT_EQ(taken(), (Strings{"leaf start", "leaf stop"}));
}

}  // namespace
}  // namespace wring

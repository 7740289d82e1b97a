#include <wring/runtime/detail/task_dump.hpp>

#include <wring/runtime/detail/place.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

namespace wring::detail {

std::string secondsText(Duration duration) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(duration).count());
    return text;
}

namespace {

using Fibers = std::vector<const Fiber*>;

/// The groups of every owner, and who is in them. Nobody owns those in the first entry's groups.
class Tree {
 public:
    Tree(const FiberList& fibers, Time now) : now_(now) {
        fibers.forEach([&](const Fiber& fiber) {
            const FiberGroup* group = fiber.group();
            groups_[group ? group->owner : nullptr][group].push_back(&fiber);
        });
    }
    std::string text() {
        print(nullptr, 0);
        return std::move(text_);
    }

 private:
    void print(const Fiber* owner, std::size_t depth) {
        auto found = groups_.find(owner);
        if (found == groups_.end()) return;
        for (auto& [group, members] : found->second) {
            std::reverse(members.begin(), members.end());
            std::size_t inner = depth;
            if (group) line(inner++, "scope at " + placeText(group->place));
            for (const Fiber* each : members) {
                line(inner, describe(*each));
                print(each, inner + 1);
            }
        }
    }
    void line(std::size_t depth, const std::string& what) {
        text_ += std::string(2 * depth, ' ') + what + "\n";
    }
    std::string describe(const Fiber& fiber) const {
        std::string what = "task at " + placeText(fiber.place());
        if (fiber.isAway()) return what + ", in another reactor's thread";
        if (fiber.isCancelled()) what += ", cancelled";
        if (const Suspension* waiting = fiber.waiting()) {
            Duration since = now_.time_since_epoch() - Duration(fiber.since());
            return what + ", waits for " + waiting->describe() + " since " + secondsText(since);
        }
        return what + ", runs";
    }

    std::map<const Fiber*, std::map<const FiberGroup*, Fibers>> groups_;
    Time now_;
    std::string text_;
};

}  // namespace

std::string dumpTasks(const FiberList& fibers, Time now) { return Tree(fibers, now).text(); }

}  // namespace wring::detail

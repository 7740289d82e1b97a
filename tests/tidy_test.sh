#!/usr/bin/env bash
# Each check of tests/tidy against a small tree that keeps the rule and against one that breaks it.

. "$(dirname "$0")/testing.sh"

# put FILE: standard input into this file of the made-up tree.
put() {
    mkdir -p "$(dirname "$tree/$1")"
    cat >"$tree/$1"
}

new_tree() {
    tree="$tmp/tree"
    rm -rf "$tree"
    mkdir -p "$tree"/{runtime,net,tests,samples}
}

tidy_says() { # CHECK WANTED: the lines of its complaint, `where` only, sorted; empty for none
    local got
    got="$(bash "$wring_root/tests/tidy" --root "$tree" "$1" 2>&1 | sed -nE '/^    note:/d; s/^    ([^ ]*): .*/\1/p' | sort | tr '\n' ' ')"
    same "places tests/tidy $1 complains about" "$2" "${got% }"
}

new_tree
put runtime/task.hpp <<<'#pragma once'
put runtime/detail/core.hpp <<<'#include <wring/runtime/task.hpp>'
put net/stream.hpp <<<'#include <wring/runtime/detail/core.hpp>'
put net/stream.cpp <<<$'#include <string>\n#include <wring/net/stream.hpp>'
put runtime/up.cpp <<<$'#include <wring/net/stream.hpp>\n// #include <wring/net/stream.hpp>\n#include "task.hpp"'
put runtime/bare.cpp <<<$'#include <runtime/task.hpp>\n#include <wring/runtime/gone.hpp>'
put samples/a.cpp <<<$'#include <wring/net/stream.hpp>\n#include <wring/runtime/detail/core.hpp>'
put tests/net/a_test.cpp <<<$'#include <wring/runtime/detail/core.hpp>\n#include <wring/tests/net/pair.hpp>\n#include <liburing.h>'
put tests/net/pair.hpp <<<'#pragma once'
check tidy-test/includes tidy_says includes \
    "runtime/bare.cpp:1 runtime/bare.cpp:2 runtime/up.cpp:1 runtime/up.cpp:3 samples/a.cpp:2"
check tidy-test/own-header-first tidy_says own-header-first "net/stream.cpp"
check tidy-test/pragma-once tidy_says pragma-once "net/stream.hpp runtime/detail/core.hpp"
check tidy-test/liburing tidy_says liburing-in-one-file "tests/net/a_test.cpp:3"

new_tree
put runtime/good.hpp <<<$'#pragma once\n#include <string>\ninline std::string text() { return {}; }'
put runtime/bad.hpp <<<$'#pragma once\ninline std::string text() { return {}; }'
put runtime/heavy.hpp <<<$'#pragma once\n#include <regex>\n#include <iostream>\n#include <future>'
check tidy-test/headers-compile tidy_says headers-compile "runtime/bad.hpp"
check tidy-test/header-weight tidy_says header-weight "runtime/heavy.hpp"
check tidy-test/header-words tidy_says header-words "runtime/heavy.hpp:2 runtime/heavy.hpp:3"

new_tree
put runtime/print.cpp <<'END'
void f() { log("printf(1)"); snprintf(a, 1, "x"); }  // std::cout << 1
void g() { std::printf("x"); }
void h() { std::cerr << 1'000 << '"'; }
END
put tests/wait_test.cpp <<'END'
TEST(A, b) { co_await sleep(1s); std::this_thread::sleep_for(1s); }
TEST(A, c) { sleep(1); auto s = R"(usleep(5))"; }
TEST(A, d) { parse("tcp:80"); clientFromString("tcp:localhost:80"); }
TEST(A, e) { serverFromString(reactor, "tcp:0")->listen(f); }
TEST(A, f) { serverFromString(reactor, "tcp:8080")->listen(f); htons(80); }
END
check tidy-test/prints tidy_says prints "runtime/print.cpp:2 runtime/print.cpp:3"
check tidy-test/sleeps tidy_says sleeps "tests/wait_test.cpp:1 tests/wait_test.cpp:2"
check tidy-test/fixed-ports tidy_says fixed-ports "tests/wait_test.cpp:5"
put net/words.hpp <<<$'// TO\x44O: later\n// XXXXXX is a template'
check tidy-test/unfinished-words tidy_says unfinished-words "net/words.hpp:1"
put tests/tidy.d/allowed <<<'prints runtime/print.cpp 2'
check tidy-test/allowed-offender-passes tidy_says prints ""
put tests/tidy.d/allowed <<<'prints runtime/print.cpp 1'
check tidy-test/growth-fails tidy_says prints "runtime/print.cpp:2 runtime/print.cpp:3"

new_tree
filler() { yes '    use(x);' | head -n "$1"; }
{
    echo 'namespace wring {'
    echo 'Stream::Stream(int fd) : fd_{fd}, name_{"{"} {'
    filler 80
    printf '}\nauto shorter() -> std::vector<int> {\n'
    filler 60
    printf '}\nstruct Kept {\n'
    filler 80
    printf '    void inner() noexcept override {\n        if (x) { auto f = [] { return 1; }; }\n'
    filler 70
    printf '    }\n};\nconst std::vector<int> table = {\n'
    filler 80
    printf '};\nTEST(Stream, reads) {\n#if A\n    if (a) {\n#else\n    if (b) {\n#endif\n'
    filler 68
    printf '    }\n}\n}  // namespace wring\n'
} | put net/long.cpp
check tidy-test/function-length tidy_says function-length \
    "net/long.cpp:Stream::Stream net/long.cpp:TEST net/long.cpp:inner"
filler 601 | put net/longer.cpp
check tidy-test/file-length tidy_says file-length "net/longer.cpp"

new_tree
put net/documented.hpp <<'END'
#pragma once
namespace wring {
class Later;
enum class Kind : int { a, b };
/// A thing.
template <class T, class U = std::vector<T>>
class Thing final : public Base<T> {
 public:
    Thing();
    explicit Thing(int value) : value_{value}, list_{} {}
    ~Thing() override;
    Thing& operator=(Thing&&) noexcept;
    bool operator==(const Thing&) const = default;
    [[nodiscard]] int bare() const noexcept { return value_; }
    void run() override;
    using type = T;
    friend void swap(Thing&, Thing&);
    static Thing make(std::function<void(int)> f = [] { return 1; },
                      int n = 2);

    /// Grouped.
    void first(int);
    void first(std::string);

    void apart();
    int after();  ///< Said behind it.
    /// Data is not asked for.
    std::function<void()> hook;
    std::function<void()> other;

    struct Inner {
        void deep();
    };

 private:
    void hidden();
    int value_ = call();
    std::vector<T> list_{};
};
namespace detail {
void privateThing();
}
/// Free.
void documentedFree();

void bareFree(int a,
              int b);
template <>
void special<int>();
template <class T>
    requires std::integral<T>
constexpr T bareTemplate(T value) {
    return value;
}
/// Over two lines,
/// the second one counts.
#if defined(X)
void underCondition();
#endif
inline constexpr int limit = compute(3);
struct Bare {
    int x{};
    void alsoBare() {}
};
}  // namespace wring
END
put net/detail/private.hpp <<<'struct Private { void f(); };'
expected=""
for name in 'enum class Kind' 'bare() const' 'static Thing make' 'apart()' 'struct Inner' 'deep()' 'bareFree' \
    'template <class T>$' 'struct Bare' 'alsoBare'; do
    expected+="net/documented.hpp:$(grep -n -- "$name" "$tree/net/documented.hpp" | head -n 1 | cut -d: -f1)"$'\n'
done
expected="$(sort <<<"${expected%$'\n'}" | tr '\n' ' ')"
check tidy-test/documented tidy_says documented "${expected% }"

new_tree
put samples/echo.cpp <<'END'
int main() {
    // [echo]
    if (x) {
        y();
    }
    // [/echo]
}
END
put README.md <<'END'
# x
<!-- sample: samples/echo.cpp#echo -->
```cpp
if (x) {
    y();
}
```

<!-- sample: samples/echo.cpp#echo -->

```cpp
if (x) { y(); }
```
<!-- sample: samples/echo.cpp#gone -->
```cpp
a
```
```cpp
unmarked();
```
```sh
make
```
END
check tidy-test/snippets tidy_says snippets "README.md:14 README.md:18 README.md:9"
check tidy-test/readmes-missing grep -q 'net/README.md is missing' <(bash "$wring_root/tests/tidy" --root "$tree" readmes)
finish

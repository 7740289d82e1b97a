#include <wring/deferred/errors.hpp>

namespace wring {

namespace {

bool isSame(const Failure& a, const Failure& b) {
    return a.number() == b.number() && a.className() == b.className() &&
           a.getErrorMessage() == b.getErrorMessage();
}

}  // namespace

bool operator==(const FirstError& a, const FirstError& b) {
    return a.index == b.index && isSame(a.subFailure, b.subFailure);
}

}  // namespace wring

#include <wring/runtime/failure.hpp>

#include <wring/runtime/assert.hpp>

#include <cstdlib>
#include <cxxabi.h>
#include <typeinfo>

namespace wring {

namespace {

std::string demangle(const char* name) {
    int status = 0;
    char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
    std::string result = status == 0 ? text : name;
    std::free(text);
    return result;
}

}  // namespace

bool Failure::isA(const ErrorClass& wanted) const noexcept {
    for (const ErrorClass* each = class_; each; each = each->base) {
        if (each == &wanted) return true;
    }
    return false;
}

void Failure::inspect() noexcept {
    WRING_ASSERT(exception_, "a Failure needs an error");
    try {
        std::rethrow_exception(exception_);
    } catch (const Error& error) {
        describe(error);
    } catch (const std::system_error& error) {
        code_ = error.code().value();
    } catch (...) {
    }
}

void Failure::describe(const Error& error) noexcept {
    // A subclass that a user derived without a description of its own is asked by type.
    if (*error.kind().type == typeid(error)) class_ = &error.kind();
    operation_ = error.operation();
    code_ = error.number();
}

std::string Failure::getErrorMessage() const {
    if (!exception_) return errorText(*class_, code_);
    try {
        std::rethrow_exception(exception_);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

std::string Failure::className() const {
    if (class_) return class_->name;
    try {
        std::rethrow_exception(exception_);
    } catch (const std::exception& error) {
        return demangle(typeid(error).name());
    } catch (...) {
        const std::type_info* type = abi::__cxa_current_exception_type();
        return type ? demangle(type->name()) : "unknown";
    }
}

void Failure::raise() const {
    if (exception_) std::rethrow_exception(exception_);
    class_->raise(code_, operation_);
    std::abort();  // raise() of a class always throws
}

std::exception_ptr Failure::exception() const noexcept {
    if (exception_) return exception_;
    try {
        raise();
    } catch (...) {
        return std::current_exception();
    }
}

void Failure::destroy() noexcept { this->~Failure(); }

}  // namespace wring

#pragma once

#include <wring/deferred/deferred.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace wring {

class IServiceCollection;

/// Something that is started and stopped as a whole: a port, a client, a timer, or several of them.
///
/// A start may be repeated after a stop. Whatever state it is in, stopService() may be called.
/// Lifetime  its collection keeps it; it refers to the collection only.
/// Source    Twisted: IService.
class WRING_API IService : public RefCounted {
 public:
    /// Empty: it has none.
    virtual const std::string& name() const noexcept = 0;
    /// Throws UsageError once it has a parent, which may go by the name.
    virtual void setName(std::string name) = 0;
    /// The collection that it is in, or null.
    virtual IServiceCollection* parent() const noexcept = 0;
    /// Leaves its parent, if it has one, and becomes a child of that one. How its stop in the old
    /// one ends is not awaited. When the new one does not take it, it has no parent. Errors: as
    /// addService().
    virtual void setServiceParent(IServiceCollection& parent) = 0;
    /// Leaves its parent: what removeService() gives. Fires at once without one.
    virtual Deferred<> disownServiceParent() = 0;

    /// Whether it was started and not stopped.
    virtual bool running() const noexcept = 0;
    /// Does what takes privileges, such as opening a low port. Called before startService(), which
    /// does it if it was not called.
    virtual void privilegedStartService() = 0;
    /// Starts.
    virtual void startService() = 0;
    /// Stops; fires when everything has ended.
    virtual Deferred<> stopService() = 0;

 private:
    friend class IServiceCollection;
    virtual void parentChanged(IServiceCollection* parent) noexcept = 0;
};

/// Something that services belong to.
///
/// Source    Twisted: IServiceCollection.
class WRING_API IServiceCollection {
 public:
    virtual ~IServiceCollection() = default;
    /// The services in it, in the order in which they came.
    virtual const std::vector<Ref<IService>>& services() const noexcept = 0;
    /// The one of that name. Throws UsageError if there is none.
    virtual Ref<IService> getServiceNamed(std::string_view name) const = 0;
    /// Takes it in; a running collection starts it now. Throws UsageError for a name that is taken
    /// or a service that has a parent, and then nothing has changed; and what the start throws,
    /// and then it is in all the same.
    virtual void addService(Ref<IService> service) = 0;
    /// Lets it go; a running collection stops it: fires when that is done. Throws UsageError for
    /// one that is not in it.
    virtual Deferred<> removeService(IService& service) = 0;

 protected:
    /// Tells a service whose it is now, null: nobody's.
    static void setParent(IService& service, IServiceCollection* parent) noexcept {
        service.parentChanged(parent);
    }
};

/// The base most services start from: override what matters, and call it.
///
/// Source    Twisted: service.Service.
class WRING_API Service : public IService {
 public:
    const std::string& name() const noexcept override { return name_; }
    void setName(std::string name) override;
    IServiceCollection* parent() const noexcept override { return parent_; }
    void setServiceParent(IServiceCollection& parent) override;
    Deferred<> disownServiceParent() override;

    bool running() const noexcept override { return isRunning_; }
    void privilegedStartService() override {}
    void startService() override { isRunning_ = true; }
    Deferred<> stopService() override;

 protected:
    /// For a service that runs until its stop is done.
    void stopped() noexcept { isRunning_ = false; }

 private:
    void parentChanged(IServiceCollection* parent) noexcept override { parent_ = parent; }

    std::string name_;
    IServiceCollection* parent_ = nullptr;
    bool isRunning_ = false;
};

}  // namespace wring

#include <wring/runtime/detail/message_layout.hpp>
#include <wring/tests/support/driver_fixture.hpp>
#include <wring/tests/support/own_loopback.hpp>

#include <poll.h>
#include <sys/un.h>
#include <algorithm>
#include <cstring>

// What every driver does with datagram sockets.

namespace wring {
namespace {

using testing::Ends;
using testing::Probe;

/// A message in the kernel's form: text to be sent, or room for it in two pieces.
struct Letter {
    explicit Letter(std::string_view content) : text(content), first(text.size()) { reset(); }
    explicit Letter(std::size_t room, std::size_t ofFirst) : text(room, '\0'), first(ofFirst) {
        reset();
    }
    Letter(const Letter&) = delete;
    Letter& operator=(const Letter&) = delete;
    void reset() {
        parts[0] = {text.data(), first};
        parts[1] = {text.data() + first, text.size() - first};
        raw = {};
        raw.msg_iov = parts;
        raw.msg_iovlen = 2;
        raw.msg_name = &from;
        raw.msg_namelen = sizeof from;
    }
    template <class Sockaddr>
    Letter& to(Sockaddr& address, std::size_t bytes = sizeof(Sockaddr)) {
        raw.msg_name = &address;
        raw.msg_namelen = static_cast<socklen_t>(bytes);
        return *this;
    }
    Letter& toPeer() {
        raw.msg_name = nullptr;
        raw.msg_namelen = 0;
        return *this;
    }
    bool isCut() const { return (raw.msg_flags & MSG_TRUNC) != 0; }

    std::string text;
    std::size_t first;
    iovec parts[2];
    sockaddr_in from{};
    msghdr raw{};
};

class DriverDatagramTest : public testing::DriverTest {
 protected:
    int port() {
        int fd = own(driver().openSocket(AF_INET, SOCK_DGRAM, 0));
        const sockaddr_in address = loopback();
        EXPECT_EQ(driver().bind(fd, &address, sizeof address), 0);
        return fd;
    }
    void connect(int fd, const sockaddr_in& to) {
        EXPECT_EQ(driver().connectNow(fd, &to, sizeof to), 0);
    }
    /// Sends to a port without waiting; gives what the kernel says.
    int send(int from, std::string_view text, int to) {
        sockaddr_in address = addressOf(to);
        return driver().sendMessageNow(from, Letter(text).to(address).raw);
    }
    /// What comes next.
    std::string receive(int fd) {
        Letter letter(100, 100);
        Probe probe;
        probe.prepareRecvmsg(fd, letter.raw);
        int size = resultOf(probe);
        return size < 0 ? "error " + std::to_string(size)
                        : letter.text.substr(0, static_cast<std::size_t>(size));
    }
};

TEST_P(DriverDatagramTest, recvmsgWaitsForOneAndTellsItsSender) {
    int near = port(), far = port();
    Letter letter(20, 3);
    Probe receiving;
    receiving.prepareRecvmsg(near, letter.raw);
    driver().submit(receiving);
    settle();
    EXPECT_FALSE(receiving.hasEnded());
    EXPECT_EQ(send(far, "scattered", near), 9);
    EXPECT_EQ(send(far, "second", near), 6);
    ASSERT_TRUE(untilEnd(receiving));
    EXPECT_EQ(receiving.results, std::vector<int>{9});
    EXPECT_EQ(letter.text.substr(0, 9), "scattered");
    EXPECT_FALSE(letter.isCut());
    EXPECT_EQ(letter.from.sin_port, addressOf(far).sin_port);
    EXPECT_EQ(letter.raw.msg_namelen, sizeof(sockaddr_in));
    EXPECT_EQ(letter.raw.msg_controllen, 0u);
    EXPECT_EQ(receive(near), "second");
}

TEST_P(DriverDatagramTest, sendmsgGathersAndAnEmptyOneComesAsWell) {
    int near = port(), far = port();
    sockaddr_in address = addressOf(near);
    for (std::string_view text : {"gathered", ""}) {
        Letter letter(text);
        Probe sending;
        sending.prepareSendmsg(far, letter.to(address).raw);
        EXPECT_EQ(resultOf(sending), static_cast<int>(text.size()));
        EXPECT_EQ(receive(near), text);
    }
}

TEST_P(DriverDatagramTest, whatIsLongerThanTheRoomIsCutAndTheRestIsGone) {
    int near = port(), far = port();
    EXPECT_EQ(send(far, "too long", near), 8);
    EXPECT_EQ(send(far, "fits", near), 4);
    for (std::string_view expected : {"too ", "fits"}) {
        Letter letter(4, 2);
        Probe receiving;
        receiving.prepareRecvmsg(near, letter.raw);
        EXPECT_EQ(resultOf(receiving), 4);
        EXPECT_EQ(letter.text, expected);
        EXPECT_EQ(letter.isCut(), expected == "too ");
    }
}

TEST_P(DriverDatagramTest, whatIsDoneAtOnceGivesTheErrno) {
    int near = port(), far = port();
    Letter room(10, 10);
    EXPECT_EQ(driver().receiveMessageNow(near, room.raw), -EAGAIN);
    EXPECT_EQ(driver().sendMessageNow(far, Letter("x").toPeer().raw), -EDESTADDRREQ);
    EXPECT_EQ(send(far, std::string(65508, 'x'), near), -EMSGSIZE);
    EXPECT_EQ(send(far, std::string(65507, 'x'), near), 65507);
    EXPECT_EQ(driver().receiveMessageNow(-1, room.raw), -EBADF);
    sockaddr_in address = addressOf(near);
    EXPECT_EQ(driver().sendMessageNow(-1, Letter("x").to(address).raw), -EBADF);
    EXPECT_EQ(driver().connectNow(-1, &address, sizeof address), -EBADF);
    room.reset();
    ASSERT_TRUE(untilReadiness(near, POLLIN | POLLOUT));
    EXPECT_EQ(driver().receiveMessageNow(near, room.raw), 10);
    EXPECT_TRUE(room.isCut());
}

TEST_P(DriverDatagramTest, aConnectedSocketHearsItsPeerOnly) {
    int near = port(), peer = port(), stranger = port();
    connect(near, addressOf(peer));
    sockaddr_in name{};
    std::size_t bytes = sizeof name;
    EXPECT_EQ(driver().getPeerName(near, &name, bytes), 0);
    EXPECT_EQ(name.sin_port, addressOf(peer).sin_port);
    send(stranger, "strange", near);
    send(peer, "known", near);
    EXPECT_EQ(receive(near), "known");
    EXPECT_EQ(driver().sendMessageNow(near, Letter("answer").toPeer().raw), 6);
    EXPECT_EQ(receive(peer), "answer");
}

TEST_P(DriverDatagramTest, aRefusalIsToldOnceToAConnectedSocketThatLives) {
    int near = port();
    sockaddr_in nobody = loopback(9);
    ASSERT_EQ(::inet_pton(AF_INET, testing::ownLoopback().c_str(), &nobody.sin_addr), 1);
    EXPECT_EQ(driver().sendMessageNow(near, Letter("x").to(nobody).raw), 1);
    connect(near, nobody);
    for (int i = 0; i < 2; ++i) {
        Letter room(10, 10);
        Probe receiving;
        receiving.prepareRecvmsg(near, room.raw);
        driver().submit(receiving);
        settle();
        EXPECT_EQ(driver().sendMessageNow(near, Letter("anybody?").toPeer().raw), 8);
        ASSERT_TRUE(untilEnd(receiving));
        EXPECT_EQ(receiving.results, std::vector<int>{-ECONNREFUSED});
    }
    EXPECT_EQ(driver().sendMessageNow(near, Letter("again").toPeer().raw), 5);
}

TEST_P(DriverDatagramTest, aCancelledReceiveTakesNothing) {
    int near = port(), far = port();
    Letter room(10, 10);
    Probe receiving;
    receiving.prepareRecvmsg(near, room.raw);
    driver().submit(receiving);
    settle();
    driver().cancel(receiving);
    ASSERT_TRUE(untilEnd(receiving));
    EXPECT_EQ(receiving.results, std::vector<int>{-ECANCELED});
    send(far, "kept", near);
    EXPECT_EQ(receive(near), "kept");
}

TEST_P(DriverDatagramTest, whatHasNoRoomIsDroppedAndCounted) {
    int near = port(), far = port();
    const int yes = 1, small = 4096;
    EXPECT_EQ(driver().setOption(near, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes), 0);
    EXPECT_EQ(driver().setOption(near, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    const std::string block(1000, 'x');
    for (int i = 0; i < 100; ++i) EXPECT_EQ(send(far, block, near), 1000);
    ASSERT_TRUE(untilReadiness(near, POLLIN | POLLOUT));
    settle();
    int came = 0;
    Letter letter(2000, 2000);
    while (driver().receiveMessageNow(near, letter.raw) == 1000) {
        ++came;
        letter.reset();
    }
    EXPECT_GT(came, 0);
    EXPECT_LT(came, 100);
    send(far, "last", near);
    ASSERT_TRUE(untilReadiness(near, POLLIN | POLLOUT));
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(std::uint32_t))]{};
    letter.reset();
    letter.raw.msg_control = control;
    letter.raw.msg_controllen = sizeof control;
    EXPECT_EQ(driver().receiveMessageNow(near, letter.raw), 4);
    cmsghdr* header = CMSG_FIRSTHDR(&letter.raw);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->cmsg_type, SO_RXQ_OVFL);
    std::uint32_t dropped = 0;
    std::memcpy(&dropped, CMSG_DATA(header), sizeof dropped);
    EXPECT_EQ(static_cast<int>(dropped), 100 - came);
}

/// A recvmsgMulti that writes down what comes.
struct Mailbox : Operation {
    Mailbox() : Operation(&Mailbox::onCompleted) {
        rooms.msg_namelen = sizeof(sockaddr_in);
        rooms.msg_controllen = CMSG_SPACE(sizeof(int));
    }
    bool hasEnded() const { return ends > 0; }

    msghdr rooms{};
    std::vector<std::string> texts;  // with a "!" behind one that was cut
    std::vector<int> ports;          // of the senders
    std::vector<Bytes> kept;
    bool keeps = false;
    int error = 0;
    int ends = 0;

 private:
    static void onCompleted(Operation& operation, Completion& completion) noexcept {
        auto& self = static_cast<Mailbox&>(operation);
        if (completion.result < 0) self.error = -completion.result;
        if (!completion.more) ++self.ends;
        if (completion.bytes) self.note(std::move(completion.bytes));
    }
    void note(Bytes message) {
        auto view =
            detail::MessageView::read(message.view(), rooms.msg_namelen, rooms.msg_controllen);
        ASSERT_TRUE(view);
        texts.push_back(std::string(asText(view->payload)) + (view->isCut ? "!" : ""));
        sockaddr_in from{};
        std::memcpy(&from, view->name.data(), std::min(view->name.size(), sizeof from));
        ports.push_back(from.sin_port);
        if (keeps) kept.push_back(std::move(message));
    }
};

using Texts = std::vector<std::string>;

TEST_P(DriverDatagramTest, messagesComeOneByOneInOneOperation) {
    int near = port(), far = port(), other = port();
    Mailbox box;
    box.prepareRecvmsgMulti(near, box.rooms);
    driver().submit(box);
    settle();
    send(far, "one", near);
    ASSERT_TRUE(until([&] { return box.texts.size() == 1; }));
    send(other, "", near);
    send(far, "three", near);
    ASSERT_TRUE(until([&] { return box.texts.size() == 3; }));
    EXPECT_EQ(box.texts, (Texts{"one", "", "three"}));
    EXPECT_EQ(box.ports, (std::vector<int>{addressOf(far).sin_port, addressOf(other).sin_port,
                                           addressOf(far).sin_port}));
    driver().cancel(box);
    ASSERT_TRUE(until([&] { return box.hasEnded(); }));
    EXPECT_EQ(box.error, ECANCELED);
    EXPECT_EQ(box.ends, 1);
    send(far, "kept", near);
    EXPECT_EQ(receive(near), "kept");
}

TEST_P(DriverDatagramTest, aMessageThatIsLongerThanABufferIsCut) {
    makeWithBuffers(2, 2, 256);
    int near = port(), far = port();
    Mailbox box;
    box.prepareRecvmsgMulti(near, box.rooms);
    driver().submit(box);
    const std::size_t room = 256 - detail::messageOverhead(box.rooms);
    send(far, std::string(1000, 'x'), near);
    send(far, std::string(room, 'y'), near);
    ASSERT_TRUE(until([&] { return box.texts.size() == 2; }));
    EXPECT_EQ(box.texts, (Texts{std::string(room, 'x') + "!", std::string(room, 'y')}));
    driver().cancel(box);
    ASSERT_TRUE(until([&] { return box.hasEnded(); }));
}

TEST_P(DriverDatagramTest, withoutBuffersMessagesWait) {
    makeWithBuffers(2, 2, 256);
    int near = port(), far = port();
    Mailbox box;
    box.keeps = true;
    box.prepareRecvmsgMulti(near, box.rooms);
    driver().submit(box);
    for (std::string_view text : {"a", "b", "c", "d", "e"}) send(far, text, near);
    ASSERT_TRUE(until([&] { return box.texts.size() == 2; }));
    settle();
    EXPECT_EQ(box.texts.size(), 2u);
    EXPECT_FALSE(box.hasEnded());
    while (box.texts.size() < 5) {
        std::size_t before = box.texts.size();
        box.kept.clear();
        ASSERT_TRUE(until([&] { return box.texts.size() > before; }));
    }
    EXPECT_EQ(box.texts, (Texts{"a", "b", "c", "d", "e"}));
    box.kept.clear();
    driver().cancel(box);
    ASSERT_TRUE(until([&] { return box.hasEnded(); }));
}

TEST_P(DriverDatagramTest, aRefusalEndsAReceiverOfMessages) {
    int near = port();
    sockaddr_in nobody = loopback(9);
    ASSERT_EQ(::inet_pton(AF_INET, testing::ownLoopback().c_str(), &nobody.sin_addr), 1);
    connect(near, nobody);
    Mailbox box;
    for (int ends = 1; ends < 3; ++ends) {
        box.prepareRecvmsgMulti(near, box.rooms);
        driver().submit(box);
        settle();
        EXPECT_EQ(driver().sendMessageNow(near, Letter("anybody?").toPeer().raw), 8);
        ASSERT_TRUE(until([&] { return box.ends == ends; }));
        EXPECT_EQ(box.error, ECONNREFUSED);
    }
}

/// An abstract name that no other process of these tests uses.
struct LocalName {
    explicit LocalName(const std::string& name) {
        address.sun_family = AF_UNIX;
        std::string text = "wring-test-" + std::to_string(::getpid()) + name;
        text.copy(address.sun_path + 1, sizeof address.sun_path - 1);
        bytes = offsetof(sockaddr_un, sun_path) + 1 + text.size();
    }
    sockaddr_un address{};
    std::size_t bytes;
};

TEST_P(DriverDatagramTest, aFullUnixReceiverMakesSendersWait) {
    LocalName name("near");
    int near = own(driver().openSocket(AF_UNIX, SOCK_DGRAM, 0));
    int far = own(driver().openSocket(AF_UNIX, SOCK_DGRAM, 0));
    Letter nowhere("x");
    EXPECT_EQ(driver().sendMessageNow(far, nowhere.to(name.address, name.bytes).raw),
              -ECONNREFUSED);
    EXPECT_EQ(driver().bind(near, &name.address, name.bytes), 0);
    EXPECT_EQ(driver().bind(far, &name.address, name.bytes), -EADDRINUSE);
    EXPECT_EQ(driver().connectNow(far, &name.address, name.bytes), 0);
    int sent = 0;
    Letter letter("x");
    while (driver().sendMessageNow(far, letter.toPeer().raw) == 1) ++sent;
    EXPECT_GT(sent, 0);
    EXPECT_EQ(driver().sendMessageNow(far, letter.raw), -EAGAIN);
    Probe room;
    room.preparePoll(far, POLLOUT);
    driver().submit(room);
    settle();
    EXPECT_FALSE(room.hasEnded());
    for (int i = 0; i < sent; ++i) EXPECT_EQ(receive(near), "x");
    ASSERT_TRUE(untilEnd(room));
    EXPECT_EQ(room.result(), POLLOUT);
    closeOwned(near);
    EXPECT_EQ(driver().sendMessageNow(far, letter.raw), -ECONNREFUSED);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DriverDatagramTest, ::testing::ValuesIn(testing::everyDriver()),
                         testing::nameOf);

}  // namespace
}  // namespace wring

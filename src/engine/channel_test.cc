#include "intertie/engine/channel.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/engine/channel_dump.h"

namespace intertie::engine {
namespace {

// The chain of docs/formats/site-channel.md, spelled out.
crypto::Digest compute_chain(const std::vector<std::string>& payloads) {
  std::string hash(32, '\0');
  crypto::Digest digest;
  for (const std::string& payload : payloads) {
    digest = crypto::compute_sha256(hash + payload);
    hash.assign(digest.bytes.begin(), digest.bytes.end());
  }
  return digest;
}

Outbox make_outbox(const std::vector<std::string>& payloads) {
  Outbox outbox;
  for (const std::string& payload : payloads) outbox.push(payload, 0, 0);
  return outbox;
}

std::vector<std::uint64_t> numbers_of(const std::vector<const ChannelRow*>& rows) {
  std::vector<std::uint64_t> numbers;
  for (const ChannelRow* row : rows) numbers.push_back(row->number);
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST(Outbox, NumbersRowsFromOneAndChainsTheirHashes) {
  Outbox outbox;
  EXPECT_EQ(outbox.last_number(), 0u);
  EXPECT_EQ(outbox.last_hash(), crypto::Digest{});
  EXPECT_EQ(outbox.push("a", 5, 3), 1u);
  EXPECT_EQ(outbox.push("bc", 6, 0), 2u);
  EXPECT_EQ(outbox.rows()[0].attachment, 3u);
  EXPECT_EQ(outbox.rows()[0].hash, compute_chain({"a"}));
  EXPECT_EQ(outbox.last_hash(), compute_chain({"a", "bc"}));
  EXPECT_NE(outbox.last_hash(), compute_chain({"ab", "c"}));
}

TEST(Outbox, ForgetsWhatIsAcknowledgedAndKeepsCounting) {
  Outbox outbox = make_outbox({"a", "b", "c"});
  outbox.acknowledge(2);
  EXPECT_EQ(outbox.size(), 1u);
  EXPECT_EQ(outbox.acknowledged(), 2u);
  EXPECT_EQ(outbox.acknowledged_hash(), compute_chain({"a", "b"}));
  outbox.acknowledge(1);  // Late and repeated acknowledgements change nothing.
  outbox.acknowledge(2);
  EXPECT_EQ(outbox.acknowledged(), 2u);
  EXPECT_EQ(outbox.acknowledged_hash(), compute_chain({"a", "b"}));
  outbox.acknowledge(3);
  EXPECT_EQ(outbox.size(), 0u);
  EXPECT_EQ(outbox.last_hash(), compute_chain({"a", "b", "c"}));
  EXPECT_EQ(outbox.push("d", 0, 0), 4u);
  EXPECT_EQ(outbox.last_hash(), compute_chain({"a", "b", "c", "d"}));
}

TEST(OutboxDeathTest, NobodyAcknowledgesWhatWasNeverSent) {
  Outbox outbox = make_outbox({"a"});
  EXPECT_DEATH(outbox.acknowledge(2), "last_number");
}

TEST(Outbox, FindsRowsAfterANumberThatAreDurable) {
  Outbox outbox;
  for (const std::uint64_t log_index : {10u, 10u, 12u, 15u}) outbox.push("x", log_index, 0);
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 9, 100)), Numbers{});
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 10, 100)), (Numbers{1, 2}));
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 14, 100)), (Numbers{1, 2, 3}));
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 15, 100)), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 15, 2)), (Numbers{1, 2}));
  EXPECT_EQ(numbers_of(outbox.find_rows(2, 15, 100)), (Numbers{3, 4}));
  EXPECT_EQ(numbers_of(outbox.find_rows(4, 15, 100)), Numbers{});
  EXPECT_EQ(numbers_of(outbox.find_rows(9, 15, 100)), Numbers{});
  outbox.acknowledge(2);
  EXPECT_EQ(numbers_of(outbox.find_rows(0, 15, 100)), (Numbers{3, 4}));
  EXPECT_EQ(numbers_of(outbox.find_rows(3, 15, 100)), Numbers{4});
}

// A row decided while an earlier one was being synced is news when it is durable itself.
TEST(Outbox, KnowsTheLastRowThatIsDurable) {
  Outbox outbox;
  EXPECT_EQ(outbox.find_last_durable(9), 0u);
  for (const std::uint64_t log_index : {10u, 10u, 12u, 15u}) outbox.push("x", log_index, 0);
  EXPECT_EQ(outbox.find_last_durable(9), 0u);
  EXPECT_EQ(outbox.find_last_durable(10), 2u);
  EXPECT_EQ(outbox.find_last_durable(14), 3u);
  EXPECT_EQ(outbox.find_last_durable(15), 4u);
  outbox.acknowledge(3);
  EXPECT_EQ(outbox.find_last_durable(14), 3u);
  EXPECT_EQ(outbox.find_last_durable(15), 4u);
}

TEST(Outbox, KnowsAReceiverWithTheSameHistory) {
  Outbox outbox = make_outbox({"a", "b", "c"});
  outbox.acknowledge(1);
  EXPECT_TRUE(outbox.check_receiver(1, compute_chain({"a"})));
  EXPECT_TRUE(outbox.check_receiver(2, compute_chain({"a", "b"})));
  EXPECT_TRUE(outbox.check_receiver(3, compute_chain({"a", "b", "c"})));
  EXPECT_TRUE(Outbox().check_receiver(0, crypto::Digest{}));
}

TEST(Outbox, StopsAReceiverThatForgotIsAheadOrDiffers) {
  Outbox outbox = make_outbox({"a", "b", "c"});
  outbox.acknowledge(2);
  const auto refuse = [&](std::uint64_t number, const std::vector<std::string>& history) {
    const auto checked = outbox.check_receiver(number, compute_chain(history));
    if (checked) return std::string("accepted");
    EXPECT_EQ(checked.error().reason, core::Reason::channel_diverged);
    return checked.error().detail;
  };
  EXPECT_NE(refuse(1, {"a"}).find("forgotten"), std::string::npos);
  EXPECT_NE(refuse(0, {}).find("forgotten"), std::string::npos);
  EXPECT_NE(refuse(4, {"a", "b", "c", "d"}).find("has received number 4"), std::string::npos);
  EXPECT_NE(refuse(2, {"a", "x"}).find("differ at number 2"), std::string::npos);
  EXPECT_NE(refuse(3, {"a", "b", "x"}).find("differ at number 3"), std::string::npos);
  EXPECT_NE(refuse(3, {"a", "b"}).find("differ"), std::string::npos);
}

TEST(Outbox, AfterReconciliationRowsGoOnAboveWhatTheReceiverRemembers) {
  Outbox outbox;
  outbox.push("a", 4, 0);
  outbox.push("b", 5, 2);
  outbox.acknowledge(1);
  const crypto::Digest theirs = compute_chain({"x", "y", "z"});
  outbox.restart_after(3, theirs);
  EXPECT_EQ(outbox.acknowledged(), 3u);
  ASSERT_EQ(outbox.size(), 1u);
  const ChannelRow& row = outbox.rows().front();
  EXPECT_EQ(row.number, 4u);
  EXPECT_EQ(row.payload, "b");
  EXPECT_EQ(row.log_index, 5u);
  EXPECT_EQ(row.attachment, 2u);
  EXPECT_EQ(row.hash, compute_chain({"x", "y", "z", "b"}));
  EXPECT_TRUE(outbox.check_receiver(3, theirs));
}

TEST(Inbox, TellsTheNextRowFromARepeatedOneAndAGap) {
  Inbox inbox;
  EXPECT_EQ(inbox.classify(0), Inbox::Arrival::repeated);
  EXPECT_EQ(inbox.classify(1), Inbox::Arrival::next);
  EXPECT_EQ(inbox.classify(2), Inbox::Arrival::gap);
  inbox.accept(1, "a");
  inbox.accept(2, "b");
  EXPECT_EQ(inbox.received, 2u);
  EXPECT_EQ(inbox.hash, compute_chain({"a", "b"}));
  EXPECT_EQ(inbox.classify(2), Inbox::Arrival::repeated);
  EXPECT_EQ(inbox.classify(3), Inbox::Arrival::next);
  EXPECT_EQ(inbox.classify(4), Inbox::Arrival::gap);
}

TEST(InboxDeathTest, RowsAreAcceptedInOrder) {
  Inbox inbox;
  EXPECT_DEATH(inbox.accept(2, "b"), "received");
}

// Loses, repeats and delays what is sent; what arrives is still the rows, once each, in order.
TEST(Channel, DeliversEveryRowOnceInOrderOverAnUnreliableLine) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    Outbox outbox;
    Inbox inbox;
    std::vector<std::string> sent;
    std::vector<std::string> accepted;
    std::uint64_t durable = 0;
    for (int step = 0; step < 300; ++step) {
      if (random.below(3) == 0) {
        sent.push_back(std::to_string(random.next()));
        outbox.push(sent.back(), sent.size(), 0);
      }
      durable = std::max(durable, random.below(sent.size() + 1));
      // The sender may believe that more has arrived than did: then there is a gap.
      const std::uint64_t after = random.below(outbox.last_number() + 1);
      for (const ChannelRow* row : outbox.find_rows(after, durable, 3)) {
        ASSERT_LE(row->log_index, durable);
        if (random.below(4) == 0) continue;  // Lost.
        if (inbox.classify(row->number) != Inbox::Arrival::next) continue;
        inbox.accept(row->number, row->payload);
        accepted.push_back(row->payload);
      }
      if (random.below(5) == 0) outbox.acknowledge(random.below(inbox.received + 1));
    }
    ASSERT_EQ(accepted.size(), inbox.received);
    EXPECT_TRUE(std::equal(accepted.begin(), accepted.end(), sent.begin()));
    EXPECT_TRUE(outbox.check_receiver(inbox.received, inbox.hash));
    EXPECT_GT(accepted.size(), 10u);
  }
}

TEST(ChannelDump, ARestoredChannelGoesOnAsTheOriginal) {
  Outbox outbox;
  outbox.push("a", 4, 1);
  outbox.push("b", 5, 0);
  outbox.push(std::string("\0\xff", 2), 6, 2);
  outbox.acknowledge(1);
  Inbox inbox;
  inbox.accept(1, "x");

  Outbox restored;
  restored.push("left over", 1, 1);
  Inbox restored_inbox;
  const auto done = restore_channel(dump_channel(outbox, inbox), restored, restored_inbox);
  ASSERT_TRUE(done);
  EXPECT_EQ(restored.acknowledged(), 1u);
  EXPECT_EQ(restored.acknowledged_hash(), compute_chain({"a"}));
  ASSERT_EQ(restored.size(), 2u);
  for (std::size_t position = 0; position < 2; ++position) {
    EXPECT_EQ(restored.rows()[position].number, position + 2);
    EXPECT_EQ(restored.rows()[position].log_index, outbox.rows()[position].log_index);
    EXPECT_EQ(restored.rows()[position].attachment, outbox.rows()[position].attachment);
    EXPECT_EQ(restored.rows()[position].payload, outbox.rows()[position].payload);
    EXPECT_EQ(restored.rows()[position].hash, outbox.rows()[position].hash);
  }
  EXPECT_EQ(restored_inbox.received, 1u);
  EXPECT_EQ(restored_inbox.hash, compute_chain({"x"}));
  EXPECT_EQ(restored.push("c", 7, 0), 4u);
}

TEST(ChannelDump, RefusesADamagedHash) {
  for (const bool is_received : {false, true}) {
    ChannelDump dump = dump_channel(Outbox(), Inbox());
    (is_received ? dump.received_hash : dump.acknowledged_hash).pop_back();
    Outbox outbox;
    Inbox inbox;
    const auto restored = restore_channel(dump, outbox, inbox);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().reason, core::Reason::store_damaged);
  }
}

}  // namespace
}  // namespace intertie::engine

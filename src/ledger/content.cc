// Fingerprints: each word is mixed in by the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
#include "content.h"

namespace intertie::ledger {
namespace {

class Fingerprint {
 public:
  explicit Fingerprint(std::uint64_t kind) { add(kind); }

  void add(std::uint64_t word) {
    std::uint64_t mixed = value_ + word + 0x9E3779B97F4A7C15ull;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    value_ = mixed ^ (mixed >> 31);
  }
  void add(const std::vector<Posting>& postings) {
    add(postings.size());
    for (const Posting& posting : postings) {
      add(posting.account.index);
      add(static_cast<std::uint64_t>(posting.amount.count));
    }
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

std::uint64_t compute_hold_content(AccountHandle account, core::Money amount) {
  Fingerprint fingerprint(2);
  fingerprint.add(account.index);
  fingerprint.add(static_cast<std::uint64_t>(amount.count));
  return fingerprint.value();
}

}  // namespace

std::uint64_t compute_content(const Entry& entry) {
  Fingerprint fingerprint(1);
  fingerprint.add(static_cast<std::uint64_t>(entry.memo));
  fingerprint.add(entry.postings);
  return fingerprint.value();
}

std::uint64_t compute_content(const HoldRequest& request) {
  return compute_hold_content(request.account, request.amount);
}

std::uint64_t compute_content(const Hold& hold) {
  return compute_hold_content(hold.account, hold.placed);
}

std::uint64_t compute_content(const Post& post) {
  Fingerprint fingerprint(3);
  fingerprint.add(static_cast<std::uint64_t>(post.memo));
  fingerprint.add(post.credits);
  return fingerprint.value();
}

}  // namespace intertie::ledger

// SHA-256 and HMAC against published vectors, and streaming against one-shot.
#include "intertie/crypto/digest.h"

#include <thread>
#include <unordered_set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/crypto/hash_chain.h"

namespace intertie::crypto {
namespace {

TEST(Sha256, GivesTheVectorsOfFips180) {
  EXPECT_EQ(to_text(compute_sha256(std::string_view())),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_text(compute_sha256("abc")),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_text(compute_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.update(std::string(1000, 'a'));
  EXPECT_EQ(to_text(million.finish()),
            "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotCareHowTheBytesArrive) {
  core::Random random(11);
  Sha256 streaming;  // Used again and again: finish must start anew.
  for (int round = 0; round < 300; ++round) {
    std::string text(random.below(400), '\0');
    for (char& c : text) c = static_cast<char>(random.next());
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t piece = std::min<std::size_t>(rest.size(), random.below(70));
      streaming.update(rest.substr(0, piece));
      rest.remove_prefix(piece);
    }
    EXPECT_EQ(streaming.finish(), compute_sha256(text)) << round;
  }
}

TEST(Sha256, MayBeMovedInTheMiddle) {
  Sha256 first;
  first.update("ab");
  Sha256 second = std::move(first);
  EXPECT_EQ(second.update("c").finish(), compute_sha256("abc"));
}

TEST(Sha256, WorksFromSeveralThreads) {
  const Digest expected = compute_sha256("intertie");
  std::vector<std::thread> threads;
  std::array<int, 4> right{};
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) right[t] += compute_sha256("intertie") == expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, 500);
}

TEST(Digest, ReadsItsTextBackAndNothingElse) {
  const Digest digest = compute_sha256("abc");
  const std::string text = to_text(digest);
  EXPECT_EQ(*parse_digest(text), digest);
  EXPECT_EQ(*codec::Text<Digest>::from_binary(codec::Text<Digest>::to_binary(digest)), digest);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ (1 << bit));
      const auto parsed = parse_digest(other);
      EXPECT_TRUE(!parsed || *parsed != digest) << other;
    }
  }
  EXPECT_EQ(parse_digest("sm3:" + text.substr(7)).error().reason, core::Reason::not_supported);
  EXPECT_EQ(parse_digest(text.substr(7)).error().reason, core::Reason::bad_syntax);
  EXPECT_FALSE(parse_digest(text + "00").has_value());
  EXPECT_FALSE(parse_digest(text.substr(0, 69)).has_value());
  EXPECT_FALSE(parse_digest("").has_value());
  EXPECT_FALSE(codec::Text<Digest>::from_binary(std::string(33, '\2')).has_value());
  EXPECT_FALSE(codec::Text<Digest>::from_binary(std::string(32, '\1')).has_value());
}

TEST(Digest, CanBeAKey) {
  std::unordered_set<Digest> seen;
  for (int i = 0; i < 100; ++i) seen.insert(compute_sha256(std::to_string(i % 50)));
  EXPECT_EQ(seen.size(), 50u);
}

TEST(Hmac, GivesTheVectorsOfRfc4231) {
  const auto hex = [](const Digest& digest) { return encode_hex(digest.bytes); };
  EXPECT_EQ(hex(compute_hmac_sha256(ByteString(20, 0x0b), as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(compute_hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(compute_hmac_sha256(ByteString(20, 0xaa), ByteString(50, 0xdd))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(
      hex(compute_hmac_sha256(ByteString(131, 0xaa),
                              as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HashChain, IsTheFormulaOfItsHeader) {
  const Digest start = compute_chain_start("log-1");
  std::string text("intertie/chain-start/1");
  text.push_back('\0');
  text += as_text(compute_sha256("log-1").bytes);
  EXPECT_EQ(start, compute_sha256(text));

  const Digest head = compute_sha256("head");
  const Digest body = compute_sha256("body");
  text = "intertie/chain-link/1";
  text.push_back('\0');
  for (const Digest& part : {start, head, body}) text += as_text(part.bytes);
  EXPECT_EQ(compute_chain_link(start, head, body), compute_sha256(text));
}

TEST(HashChain, CoversEveryPart) {
  const Digest a = compute_sha256("a");
  const Digest b = compute_sha256("b");
  const Digest c = compute_sha256("c");
  const Digest link = compute_chain_link(a, b, c);
  EXPECT_NE(link, compute_chain_link(b, a, c));
  EXPECT_NE(link, compute_chain_link(a, c, b));
  EXPECT_NE(link, compute_chain_link(a, b, b));
  EXPECT_NE(compute_chain_start("a"), compute_chain_start("b"));
}

}  // namespace
}  // namespace intertie::crypto

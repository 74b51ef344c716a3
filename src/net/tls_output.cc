// The records of one connection, gathered by a BIO of our own.
#include "tls_output.h"

#include <algorithm>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>

namespace intertie::net {
namespace {

int gather(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  static_cast<std::string*>(BIO_get_data(bio))->append(data, size);
  *written = size;
  return 1;
}

// OpenSSL flushes after each flight; nothing here needs it.
long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

struct MethodDeleter {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
using Method = std::unique_ptr<BIO_METHOD, MethodDeleter>;

Method make_method() {
  Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering"));
  if (method == nullptr || BIO_meth_set_write_ex(method.get(), gather) != 1 ||
      BIO_meth_set_ctrl(method.get(), control) != 1 ||
      BIO_meth_set_create(method.get(), create) != 1) {
    return nullptr;
  }
  return method;
}

}  // namespace

bool TlsOutput::attach(SSL* ssl) {
  // Never freed: connections of other threads may end after main() has returned.
  static const BIO_METHOD* const method = make_method().release();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return false;
  BIO_set_data(bio, &bytes_);
  SSL_set0_wbio(ssl, bio);
  return true;
}

bool TlsOutput::encrypt(SSL* ssl, std::string_view& text) {
  while (!text.empty() && !is_full()) {
    const std::size_t room = kGatherBytes - bytes_.size();
    ERR_clear_error();
    const int done = SSL_write(ssl, text.data(), static_cast<int>(std::min(text.size(), room)));
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace intertie::net

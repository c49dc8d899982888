#include "http/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/signals.h"

namespace sluice {

namespace {

constexpr size_t record_bytes_max = 16 << 10;  // RFC 8446 5.1: 2^14

std::string openssl_says() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown TLS error";
}

int last_reason() {
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
}

// Does the last error say that the peer, having asked for it, doesn't like what this side has shown
// of itself? Without having asked it can't mean that.
bool is_refused_by_peer(bool was_asked) {
  if (!was_asked) return false;
  switch (last_reason()) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}

// Would the next handshake end like this one? So it is where one side speaks no TLS, or no version
// that the other takes. All else (an alert for whatever reason, damaged bytes) may pass.
bool is_about_versions() {
  switch (last_reason()) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
      return true;
    default:
      return false;
  }
}
constexpr std::string_view wants_certificate =
    "; the server wants a client certificate that it trusts (auth: mtls)";

// OpenSSL would ask the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

// Of the certificate or the key: the first of OpenSSL's errors that says something to a human.
std::string why_not_loaded() {
  const char* first = nullptr;
  while (const unsigned long code = ERR_get_error()) {
    const int library = ERR_GET_LIB(code), reason = ERR_GET_REASON(code);
    if (first == nullptr) first = ERR_reason_error_string(code);
    if (library == ERR_LIB_X509 && reason == X509_R_KEY_VALUES_MISMATCH)
      return "it is another certificate's key";
    const bool wants_password =
        library == ERR_LIB_UI ||
        (library == ERR_LIB_PEM &&
         (reason == PEM_R_BAD_PASSWORD_READ || reason == PEM_R_PROBLEMS_GETTING_PASSWORD)) ||
        (library == ERR_LIB_CRYPTO && reason == ERR_R_INTERRUPTED_OR_CANCELLED);
    if (wants_password) return "it is encrypted: decrypt it with `openssl pkey`";
    if ((library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE) ||
        library == ERR_LIB_OSSL_DECODER) {
      return "none that can be read in that PEM file";
    }
  }
  return first != nullptr ? first : "unknown TLS error";
}

struct SessionDeleter {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

}  // namespace

struct TlsContext::Inside {
  std::mutex mutex;
  // Guarded by mutex.
  SSL_CTX* context = nullptr;
  std::optional<Error> error;
  std::map<std::string, std::unique_ptr<SSL_SESSION, SessionDeleter>> sessions;  // By host
  // Who may vouch for a peer is read meanwhile; not guarded, but known once that is over.
  std::thread reading;
  std::once_flag is_read;
  std::optional<Error> unreadable;

  ~Inside() {
    wait_for_authorities();
    SSL_CTX_free(context);
  }

  Status open(const TlsOptions& options);
  Status show(const TlsOptions& options);  // What this side has to show of itself
  void begin_to_read_authorities(const TlsOptions& options);
  void read_authorities(const TlsOptions& options);
  void wait_for_authorities() {
    std::call_once(is_read, [this] {
      if (reading.joinable()) reading.join();
    });
  }
  // A peer's certificates have come.
  static int look_at_certificates(X509_STORE_CTX* chain, void* inside) {
    auto* self = static_cast<Inside*>(inside);
    self->wait_for_authorities();
    if (!self->unreadable) return X509_verify_cert(chain);
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  SSL* connection(const std::string& host) {
    const std::lock_guard lock(mutex);
    SSL* tls = SSL_new(context);
    ENSURE(tls != nullptr);
    const auto session = sessions.find(host);
    if (session != sessions.end()) SSL_set_session(tls, session->second.get());
    return tls;
  }
  static int keep_session(SSL* tls, SSL_SESSION* session) {
    auto* self = static_cast<Inside*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
    const char* host = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return 0;
    const std::lock_guard lock(self->mutex);
    self->sessions[host].reset(session);
    return 1;  // It is ours now.
  }
};

TlsContext::TlsContext(TlsOptions options)
    : options_(std::move(options)), inside_(std::make_unique<Inside>()) {}
TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::make(TlsOptions options) {
  std::vector<std::string> files = options.more_ca_files;
  files.insert(files.end(), {options.ca_file, options.certificate_file, options.key_file});
  for (const std::string& file : files) {
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0)
      return Error{ErrorKind::invalid, "TLS: " + file + ": " + std::strerror(errno)};
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Error{ErrorKind::invalid, "TLS: " + options.certificate_file + options.key_file +
                                         ": a certificate and its key go together"};
  }
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(options)));
}

Status TlsContext::open() {
  const std::lock_guard lock(inside_->mutex);
  if (inside_->error) return *inside_->error;
  if (inside_->context != nullptr) return {};
  Status opened = inside_->open(options_);
  if (!opened.ok()) inside_->error = opened.error();
  return opened;
}

Status TlsContext::Inside::open(const TlsOptions& options) {
  context = SSL_CTX_new(TLS_client_method());
  ENSURE(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, look_at_certificates, this);
  // Buffers are held only while bytes are under way: idle connections cost little.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(context, 1);  // One read for a record instead of two
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_cert_cb(context, Stream::asked_for_certificate, nullptr);
  SSL_CTX_set_info_callback(context, Stream::on_info);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  begin_to_read_authorities(options);
  return options.certificate_file.empty() ? Status() : show(options);
}

void TlsContext::Inside::begin_to_read_authorities(const TlsOptions& options) {
  try {
    reading = std::thread([this, &options] {
      leave_signals_to_others();
      read_authorities(options);
    });
  } catch (const std::system_error&) {  // No thread to be had
    read_authorities(options);
  }
}

void TlsContext::Inside::read_authorities(const TlsOptions& options) {
  std::vector<std::string> bundles = options.more_ca_files;
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    bundles.push_back(options.ca_file);
  }
  for (const std::string& bundle : bundles) {
    if (SSL_CTX_load_verify_locations(context, bundle.c_str(), nullptr) == 1) continue;
    unreadable = Error{ErrorKind::invalid, "CA bundle " + bundle + ": " + openssl_says() +
                                               "; a file of PEM certificates was expected"};
    return;
  }
}

Status TlsContext::Inside::show(const TlsOptions& options) {
  const auto refuse = [](const std::string& what) {
    Error error{ErrorKind::invalid, what + ": " + why_not_loaded()};
    ERR_clear_error();
    return error;
  };
  SSL_CTX_set_default_passwd_cb(context, no_password);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
    return refuse("certificate " + options.certificate_file);
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return refuse("key " + options.key_file);
  return {};
}

Stream::~Stream() {
  if (tls_ != nullptr) {
    SSL_set_shutdown(tls_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // Keep the session good.
    SSL_free(tls_);
  }
  if (fd_ >= 0) ::close(fd_);
}

void Stream::start_tls(TlsContext& context, const std::string& host) {
  host_ = host;
  tls_ = context.inside_->connection(host);
  SSL_set_app_data(tls_, this);
  SSL_set_fd(tls_, fd_);
  std::array<unsigned char, sizeof(in6_addr)> address;
  const bool is_address = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                          ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), host.c_str());
  } else {
    SSL_set1_host(tls_, host.c_str());
    SSL_set_tlsext_host_name(tls_, host.c_str());
  }
}

Result<bool> Stream::handshake() {
  ERR_clear_error();
  const int returned = SSL_connect(tls_);
  if (returned == 1) return true;
  const int error = SSL_get_error(tls_, returned);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
  if (error == SSL_ERROR_SSL) return handshake_error();
  ERR_clear_error();
  return Error{ErrorKind::transient, "TLS with " + host_ + ": the connection was closed"};
}

Error Stream::handshake_error() {
  const auto* context =
      static_cast<const TlsContext::Inside*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls_)));
  const long verdict = SSL_get_verify_result(tls_);
  if (verdict == X509_V_ERR_APPLICATION_VERIFICATION && context->unreadable) {
    ERR_clear_error();
    return *context->unreadable;
  }
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return {ErrorKind::invalid, "the certificate of " + host_ +
                                    " is not trusted: " + X509_verify_cert_error_string(verdict) +
                                    "; if its authority is your own, name its PEM file in "
                                    "AWS_CA_BUNDLE or SSL_CERT_FILE"};
  }
  const bool is_refused = is_refused_by_peer(was_asked_);
  const bool is_final = is_about_versions();
  Error error{is_refused ? ErrorKind::denied
              : is_final ? ErrorKind::invalid
                         : ErrorKind::transient,
              "TLS with " + host_ + ": " + openssl_says()};
  if (is_refused) error.message += wants_certificate;
  if (is_final) error.message += "; does this port speak TLS 1.2 or 1.3? (http:// or https://)";
  return error;
}

// Called when the peer has asked for a certificate; the context's own is shown, if it has one.
int Stream::asked_for_certificate(ssl_st* tls, void*) {
  static_cast<Stream*>(SSL_get_app_data(tls))->was_asked_ = true;
  return 1;
}

// SSL_OP_IGNORE_UNEXPECTED_EOF makes every end look like an orderly one; only a real alert comes by
// here.
void Stream::on_info(const ssl_st* tls, int where, int what) {
  if (where == SSL_CB_READ_ALERT && (what & 0xFF) == SSL_AD_CLOSE_NOTIFY)
    static_cast<Stream*>(SSL_get_app_data(tls))->said_goodbye_ = true;
}

Stream::Moved Stream::moved_by_tls(int returned) {
  if (returned > 0) return {Moved::How::some, static_cast<size_t>(returned)};
  switch (SSL_get_error(tls_, returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Moved::How::blocked};
    case SSL_ERROR_ZERO_RETURN:
      return {.how = Moved::How::closed, .is_announced = said_goodbye_};
    case SSL_ERROR_SYSCALL: {
      const int number = errno;
      ERR_clear_error();
      if (number == 0) return {Moved::How::closed};
      return {Moved::How::failed, 0, std::strerror(number)};
    }
    default: {
      // With TLS 1.3 it comes after the handshake.
      const bool is_refused = is_refused_by_peer(was_asked_);
      return {Moved::How::failed, 0,
              "TLS: " + openssl_says() + std::string(is_refused ? wants_certificate : ""),
              is_refused};
    }
  }
}

Stream::Moved Stream::read(std::span<char> room) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return moved_by_tls(
        SSL_read(tls_, room.data(), static_cast<int>(std::min<size_t>(room.size(), 1 << 30))));
  }
  const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
  if (got > 0) return {Moved::How::some, static_cast<size_t>(got)};
  if (got == 0) return {Moved::How::closed};
  if (errno == EAGAIN || errno == EINTR) return {Moved::How::blocked};
  return {Moved::How::failed, 0, std::strerror(errno)};
}

bool Stream::may_have_come() const {
  if (tls_ != nullptr && SSL_has_pending(tls_) == 1) return true;
  char first = 0;
  return ::recv(fd_, &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

Stream::Moved Stream::write(std::string_view first, std::string_view second) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    // A small request is one record.
    if (!first.empty() && !second.empty() && first.size() + second.size() <= record_bytes_max) {
      std::array<char, record_bytes_max> both;
      std::memcpy(both.data(), first.data(), first.size());
      std::memcpy(both.data() + first.size(), second.data(), second.size());
      return moved_by_tls(
          SSL_write(tls_, both.data(), static_cast<int>(first.size() + second.size())));
    }
    const std::string_view one = first.empty() ? second : first;
    return moved_by_tls(
        SSL_write(tls_, one.data(), static_cast<int>(std::min<size_t>(one.size(), 1 << 30))));
  }
  std::array<iovec, 2> pieces = {iovec{const_cast<char*>(first.data()), first.size()},
                                 iovec{const_cast<char*>(second.data()), second.size()}};
  msghdr message = {};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent >= 0) return {Moved::How::some, static_cast<size_t>(sent)};
  if (errno == EAGAIN || errno == EINTR) return {Moved::How::blocked};
  return {Moved::How::failed, 0, std::strerror(errno)};
}

}  // namespace sluice

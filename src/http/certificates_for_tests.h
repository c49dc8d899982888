// Certificates made on the spot: an authority and those it signs, in PEM files of a folder that
// goes with them. Test code.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice {

class TestCertificates {
 public:
  explicit TestCertificates(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() /
                ("sluice-" + name + "-" + std::to_string(::getpid()))),
        authority_key_(EVP_EC_gen("P-256")) {
    std::filesystem::create_directories(folder_);
    authority_ = make("authority", authority_key_, nullptr);
    write(path("ca.pem"), authority_);
  }
  ~TestCertificates() {
    X509_free(authority_);
    EVP_PKEY_free(authority_key_);
    std::filesystem::remove_all(folder_);
  }
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  std::string path(const std::string& file) const { return folder_ / file; }
  std::string authority_file() const { return path("ca.pem"); }

  // NAME.pem and NAME.key, for 127.0.0.1, signed by the authority; with a password for the key.
  void sign(const std::string& name, const char* password = nullptr) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(name, key, authority_);
    write(path(name + ".pem"), certificate);
    std::FILE* file = std::fopen(path(name + ".key").c_str(), "w");
    ENSURE(file != nullptr);
    PEM_write_PKCS8PrivateKey(file, key, password != nullptr ? EVP_aes_128_cbc() : nullptr, nullptr,
                              0, nullptr, const_cast<char*>(password));
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  // A server's side that shows NAME.pem and wants to see a certificate of this authority. The
  // caller's to free.
  SSL_CTX* server_that_asks(const std::string& name) const {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate_file(context, path(name + ".pem").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context, path(name + ".key").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_load_verify_locations(context, authority_file().c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
  }

 private:
  X509* make(const std::string& name, EVP_PKEY* key, X509* issuer) {
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate,
                         X509_get_subject_name(issuer == nullptr ? certificate : issuer));
    extend(certificate, issuer == nullptr ? NID_basic_constraints : NID_subject_alt_name,
           issuer == nullptr ? "critical,CA:TRUE" : "IP:127.0.0.1");
    X509_sign(certificate, authority_key_, EVP_sha256());
    return certificate;
  }
  static void extend(X509* certificate, int what, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static void write(const std::string& path, X509* certificate) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ENSURE(file != nullptr);
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }

  const std::filesystem::path folder_;
  EVP_PKEY* const authority_key_;
  X509* authority_ = nullptr;
  long serial_ = 0;
};

}  // namespace sluice

// libcurl as it is fastest: a thread for each 128 connections with a multi of its own, so that none
// has a long list of connections to walk, curl_multi_poll, the CA file alone (its CAPATH would be
// read for every connection), HTTP/1.1.
#include "http_clients.h"

#ifdef SLUICE_BENCH_CURL
#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace sluice::bench {
namespace {

constexpr uint32_t connections_each = 128;

class CurlShard {
 public:
  CurlShard(const Work& work, uint32_t connections, std::atomic<uint64_t>& at,
            std::atomic<int64_t>& to_start)
      : work_(work), at_(at), to_start_(to_start), multi_(curl_multi_init()), ones_(connections) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
    for (One& one : ones_) make(one);
  }
  ~CurlShard() {
    for (One& one : ones_) curl_easy_cleanup(one.easy);
    curl_multi_cleanup(multi_);
  }

  void run() {
    done = {};
    open_ = 0;
    for (One& one : ones_) next(one);
    while (open_ > 0) {
      int running = 0, left = 0;
      curl_multi_perform(multi_, &running);
      while (const CURLMsg* said = curl_multi_info_read(multi_, &left)) {
        if (said->msg == CURLMSG_DONE) ended(said->easy_handle, said->data.result);
      }
      if (open_ > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

  Done done;

 private:
  struct One {
    CURL* easy = nullptr;
    CurlShard* shard = nullptr;
    size_t sent = 0;
  };

  static size_t on_body(char*, size_t size, size_t count, void* one) {
    static_cast<One*>(one)->shard->done.bytes += size * count;
    return size * count;
  }
  static size_t on_send(char* to, size_t size, size_t count, void* raw) {
    auto& one = *static_cast<One*>(raw);
    const std::string& body = one.shard->work_.body;
    const size_t bytes = std::min(size * count, body.size() - one.sent);
    std::copy_n(body.data() + one.sent, bytes, to);
    one.sent += bytes;
    return bytes;
  }

  void make(One& one) {
    one.shard = this;
    one.easy = curl_easy_init();
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(one.easy, option, value);
    };
    set(CURLOPT_PRIVATE, &one);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &one);
    if (!work_.ca_file.empty()) {
      set(CURLOPT_CAINFO, work_.ca_file.c_str());
      curl_easy_setopt(one.easy, CURLOPT_CAPATH, nullptr);
    }
    if (!work_.is_put) return;
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &on_send);
    set(CURLOPT_READDATA, &one);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(work_.body.size()));
  }

  void next(One& one) {
    if (to_start_.fetch_sub(1) <= 0) return;
    const std::string url = work_.origin() + work_.targets[at_.fetch_add(1) % work_.targets.size()];
    curl_easy_setopt(one.easy, CURLOPT_URL, url.c_str());
    one.sent = 0;
    ++open_;
    curl_multi_add_handle(multi_, one.easy);
  }
  void ended(CURL* easy, CURLcode result) {
    One* one = nullptr;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &one);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) fail(curl_easy_strerror(result));
    if (status != 200) fail("status " + std::to_string(status));
    curl_multi_remove_handle(multi_, easy);
    --open_;
    ++done.good;
    next(*one);
  }

  const Work& work_;
  std::atomic<uint64_t>& at_;
  std::atomic<int64_t>& to_start_;
  CURLM* const multi_;
  std::vector<One> ones_;
  size_t open_ = 0;
};

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(const Work& work) : work_(work) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const uint32_t count = (work.connections + connections_each - 1) / connections_each;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t connections = work.connections / count + (i < work.connections % count);
      shards_.push_back(std::make_unique<CurlShard>(work_, connections, at_, to_start_));
    }
  }

  Done run(uint64_t requests) override {
    to_start_ = static_cast<int64_t>(requests);
    std::vector<std::thread> threads;
    threads.reserve(shards_.size());
    for (const auto& shard : shards_) threads.emplace_back([&shard] { shard->run(); });
    Done done;
    for (size_t i = 0; i < shards_.size(); ++i) {
      threads[i].join();
      done.good += shards_[i]->done.good;
      done.bytes += shards_[i]->done.bytes;
    }
    return done;
  }

 private:
  const Work work_;
  std::atomic<uint64_t> at_{0};
  std::atomic<int64_t> to_start_{0};
  std::vector<std::unique_ptr<CurlShard>> shards_;
};

}  // namespace

std::unique_ptr<HttpClient> make_curl_client(const Work& work) {
  return std::make_unique<CurlClient>(work);
}

}  // namespace sluice::bench

#else

namespace sluice::bench {
std::unique_ptr<HttpClient> make_curl_client(const Work&) {
  return nullptr;
}
}  // namespace sluice::bench

#endif

#include "options.h"

#include "base/text.h"
#include "http_server/program.h"

namespace sluice::fake_s3 {

const std::string_view usage =
    R"(fake_s3: an S3 in memory, on the loopback, for tests and benchmarks

  --port N                  0, the default: a free one, which the first line of output names
  --bucket NAME[@REGION]    a bucket that is there from the start; repeatable
  --key K --secret S        a credential; repeatable. Without one nothing is checked
  --no-check-signature      take everybody's word all the same
  --region R                of buckets that say none; us-east-1
  --owner ID                what x-amz-expected-bucket-owner must be; 111122223333
  --domain D                bucket.D is the bucket's virtual host
  --expire-token T          this session token has expired; repeatable
  --tls CERT KEY            PEM files
  --load BUCKET[/PREFIX] DIR  the files below DIR are objects; repeatable
  --fast-etag               ETags that cost less than an MD5
  --latency MS              first byte; also get=52,put=73.57
  --latency-tail P%:MS      so long for a share of the requests; repeatable
  --gets-per-second N       more answer 503 SlowDown
  --puts-per-second N
  --bandwidth BYTES         a second, for each connection, each way
  --fault SPEC              see faults.h: verb=get,key=x,every=3,times=2,do=503; repeatable
  --threads N               event loops; 1

GET http://127.0.0.1:PORT/-fake-s3-/counters tells what happened; control.cc has the rest.
)";

namespace {

// Those that say how the server behaves.
Result<bool> read_behaviour(const std::string& word, Words& words, World& world) {
  if (word == "--latency") {
    TRY(world.latency.read(TRY(words.value_of(word))));
  } else if (word == "--latency-tail") {
    TRY(world.latency.read_tail(TRY(words.value_of(word))));
  } else if (word == "--gets-per-second") {
    world.reads.set(TRY(words.number_of<uint64_t>(word)));
  } else if (word == "--puts-per-second") {
    world.writes.set(TRY(words.number_of<uint64_t>(word)));
  } else if (word == "--fault") {
    TRY(world.faults.add(TRY(words.value_of(word))));
  } else if (word == "--expire-token") {
    world.expired_tokens.insert(TRY(words.value_of(word)));
  } else {
    return false;
  }
  return true;
}

// Those that say what is there.
Result<bool> read_contents(const std::string& word, Words& words, std::vector<std::string>& buckets,
                           Options& options, World& world) {
  if (word == "--bucket") {
    buckets.push_back(TRY(words.value_of(word)));
  } else if (word == "--key") {
    world.credentials.push_back({TRY(words.value_of(word)), ""});
  } else if (word == "--secret") {
    if (world.credentials.empty()) {
      return Error{ErrorKind::invalid, "--secret needs a --key before it"};
    }
    world.credentials.back().secret = TRY(words.value_of(word));
  } else if (word == "--region") {
    world.region = TRY(words.value_of(word));
  } else if (word == "--owner") {
    world.owner = TRY(words.value_of(word));
  } else if (word == "--domain") {
    world.domain = TRY(words.value_of(word));
  } else if (word == "--fast-etag") {
    world.etag_kind = ETagKind::fast;
  } else if (word == "--load") {
    std::string to = TRY(words.value_of(word));
    options.loads.emplace_back(std::move(to), TRY(words.value_of(word)));
  } else {
    return false;
  }
  return true;
}

}  // namespace

Status read_options(const std::vector<std::string>& all, Options& options, World& world) {
  Words words(all);
  std::vector<std::string> buckets;
  bool checks = true;
  while (!words.done()) {
    const std::string word = words.next();
    if (TRY(read_behaviour(word, words, world))) continue;
    if (TRY(read_contents(word, words, buckets, options, world))) continue;
    if (word == "--port") {
      options.port = TRY(words.number_of<uint16_t>(word));
    } else if (word == "--threads") {
      options.threads = TRY(words.number_of<int>(word));
      if (options.threads < 1) return Error{ErrorKind::invalid, "--threads: at least 1"};
    } else if (word == "--bandwidth") {
      options.bytes_per_second = TRY(words.number_of<uint64_t>(word));
    } else if (word == "--tls") {
      options.certificate_file = TRY(words.value_of(word));
      options.key_file = TRY(words.value_of(word));
    } else if (word == "--no-check-signature") {
      checks = false;
    } else if (word == "--help") {
      options.wants_help = true;
    } else if (word != "--control") {  // It is always there.
      return Error{ErrorKind::invalid, word + ": no such option; see --help"};
    }
  }
  world.checks_signatures = checks && !world.credentials.empty();
  for (const std::string_view bucket : buckets) {
    const size_t at = bucket.find('@');
    const std::string_view region =
        at == bucket.npos ? std::string_view(world.region) : bucket.substr(at + 1);
    world.buckets.create(bucket.substr(0, at), region, world.now_seconds());
  }
  return {};
}

}  // namespace sluice::fake_s3

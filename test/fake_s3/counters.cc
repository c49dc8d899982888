#include "counters.h"

#include <algorithm>

#include "http_server/url.h"

namespace sluice::fake_s3 {
namespace {

constexpr size_t names_listed_max = 1000;

void append_member(std::string_view name, uint64_t value, std::string& out) {
  append_json(name, out);
  out += ": " + std::to_string(value);
}

template <class Map>
void append_counts(std::string_view name, const Map& counts, std::string& out) {
  append_json(name, out);
  out += ": {";
  bool first = true;
  for (const auto& [key, count] : counts) {
    if (!first) out += ", ";
    first = false;
    if constexpr (std::is_integral_v<std::decay_t<decltype(key)>>) {
      append_member(std::to_string(key), count, out);
    } else {
      append_member(key, count, out);
    }
  }
  out += "},\n";
}

void append_uploads(Buckets& buckets, std::string& out) {
  uint64_t count = 0;
  std::string list;
  for (const auto& [name, bucket] : buckets.all()) {
    for (const auto& [id, upload] : bucket.uploads) {
      if (++count > names_listed_max) continue;
      list += list.empty() ? "{" : ", {";
      list += "\"bucket\": ";
      append_json(name, list);
      list += ", \"key\": ";
      append_json(upload.key, list);
      list += ", \"id\": ";
      append_json(upload.id, list);
      list += ", ";
      append_member("parts", upload.parts.size(), list);
      list += '}';
    }
  }
  append_member("open_uploads", count, out);
  out += ",\n\"uploads\": [" + list + "],\n";
}

}  // namespace

void Counters::reset() {
  ++epoch_;
  verbs_.fill(0);
  statuses_.clear();
  codes_.clear();
  bytes_in_ = bytes_out_ = faults_ = objects_sent_ = sent_twice_ = 0;
  read_twice_.clear();
  connections_accepted_ = 0;
  connections_open_max_ = connections_open_;
  requests_open_max_ = requests_open_;
  spent_.fill(0);
  spent_until_ = now();
}

void Counters::connection_opened() {
  ++connections_accepted_;
  connections_open_max_ = std::max(connections_open_max_, ++connections_open_);
}

void Counters::request_opened(uint64_t bytes) {
  bytes_in_ += bytes;
  requests_open_max_ = std::max(requests_open_max_, ++requests_open_);
  if (level_ < levels.size() && requests_open_ >= levels[level_]) {
    spend(now());
    ++level_;
  }
}

void Counters::request_closed(uint64_t bytes_sent) {
  bytes_out_ += bytes_sent;
  --requests_open_;
  if (level_ > 0 && requests_open_ < levels[level_ - 1]) {
    spend(now());
    --level_;
  }
}

void Counters::spend(Instant at) {
  spent_[level_] += at - spent_until_;
  spent_until_ = at;
}

void Counters::object_sent(const Object& object, uint64_t first, uint64_t end) {
  if (object.sent_epoch != epoch_) {
    object.sent.clear();
    object.sent_epoch = epoch_;
  }
  ++objects_sent_;
  if (!object.sent.add(first, end)) return;
  ++sent_twice_;
  read_twice_.insert(object.name);
}

std::string Counters::json(Buckets& buckets, std::string_view faults) {
  spend(now());
  std::string out = "{\n";
  std::map<std::string_view, uint64_t> verbs;
  uint64_t requests = 0;
  for (size_t i = 0; i < verb_count; ++i) {
    if (verbs_[i] > 0) verbs[verb_names[i]] = verbs_[i];
    requests += verbs_[i];
  }
  append_member("requests", requests, out);
  out += ",\n";
  append_counts("by_verb", verbs, out);
  append_counts("by_status", statuses_, out);
  append_counts("by_error", codes_, out);
  append_member("faults_done", faults_, out);
  out += ",\n\"faults\": " + std::string(faults) + ",\n";
  append_member("bytes_in", bytes_in_, out);
  out += ",\n";
  append_member("bytes_out", bytes_out_, out);
  out += ",\n";
  append_member("bodies_sent", objects_sent_, out);
  out += ",\n";
  append_member("bodies_sent_twice", sent_twice_, out);
  out += ",\n";
  append_member("keys_read_twice", read_twice_.size(), out);
  out += ",\n\"read_twice\": [";
  size_t listed = 0;
  for (const std::string& name : read_twice_) {
    if (listed == names_listed_max) break;
    if (listed++ > 0) out += ", ";
    append_json(name, out);
  }
  out += "],\n";
  append_uploads(buckets, out);
  append_member("connections_accepted", connections_accepted_, out);
  out += ",\n";
  append_member("connections_open", connections_open_, out);
  out += ",\n";
  append_member("connections_open_max", connections_open_max_, out);
  out += ",\n";
  append_member("requests_open", requests_open_, out);
  out += ",\n";
  append_member("requests_open_max", requests_open_max_, out);
  out += ",\n\"milliseconds_with_requests_open\": {";
  for (size_t i = 0; i < levels.size(); ++i) {
    Nanoseconds spent = 0;
    for (size_t reached = i + 1; reached <= levels.size(); ++reached) spent += spent_[reached];
    if (i > 0) out += ", ";
    append_member(std::to_string(levels[i]), static_cast<uint64_t>(spent / 1'000'000), out);
  }
  return out + "}\n}\n";
}

}  // namespace sluice::fake_s3

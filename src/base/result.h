// What a step answers: a value, or an error that says what to do next.
//
// Below `app` an error is returned, never printed. Each layer adds one phrase with `in`. A bug is a
// ENSURE, and it ends the process: there is nothing sensible to do next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sluice {

// What the caller should do next. What went wrong is in the message.
enum class ErrorKind : uint8_t {
  transient,  // Try again later: timed out, connection lost, no answer.
  throttled,  // Try again later, and everybody slow down.
  not_found,  // The thing named does not exist.
  conflict,   // A precondition failed: somebody else got there first.
  denied,     // Credentials are missing, expired or too weak.
  invalid,    // A human must edit the request, the configuration or the job.
  corrupt,    // The bytes are not what they claim to be.
  too_large,  // It needs more room than it was given: give it more, or do without.
  cancelled,  // We were asked to stop.
  internal,   // Our bug.
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  // The same error, one layer further up: "what: why".
  Error in(std::string_view what) && {
    message = std::string(what) + ": " + message;
    return std::move(*this);
  }
  bool operator==(const Error&) const = default;
};

// Either a T or an Error. Reading the one that isn't there is a bug and ends the process.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(value_); }
  const T& value() const& { return std::get<0>(value_); }
  T&& value() && { return std::get<0>(std::move(value_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return std::get<1>(value_); }
  const Error& error() const& { return std::get<1>(value_); }
  Error&& error() && { return std::get<1>(std::move(value_)); }

 private:
  std::variant<T, Error> value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  void value() const {}
  Error& error() & { return error_; }
  const Error& error() const& { return error_; }
  Error&& error() && { return std::move(error_); }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

// Ends the process with the place and the words. For bugs, never for input.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace sluice

// The value of `expression`, or return its error to the caller.
#define TRY(expression)                                   \
  __extension__({                                         \
    auto&& result_ = (expression);                        \
    if (!result_.ok()) return std::move(result_.error()); \
    std::move(result_).value();                           \
  })

// The same, adding the layer's phrase to the error. `what` is evaluated only on an error.
#define TRY_IN(expression, what)                                   \
  __extension__({                                                  \
    auto&& result_ = (expression);                                 \
    if (!result_.ok()) return std::move(result_.error()).in(what); \
    std::move(result_).value();                                    \
  })

#define ENSURE(condition) \
  ((condition) ? void() : ::sluice::check_failed(__FILE__, __LINE__, #condition))

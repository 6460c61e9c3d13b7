// What tasks refuse.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hydra/process/process.h"
#include "hydra/task/async_stream.h"
#include "hydra/task/task.h"

namespace hydra {

int Square(int number) { return number * number; }
void Increment(int& number) { ++number; }
int& Largest(std::vector<int> numbers) {
  static int largest = numbers[0];
  return largest;
}
struct Pinned {
  Pinned() = default;
  Pinned(Pinned&&) = delete;
};
Pinned MakePinned() { return {}; }

Async<> Use() {
  Task<int> task = StartTask(Square, 2);
  static_cast<void>(co_await task.Await());
  AsyncStream<int> stream = StreamTasks(std::vector<int>{1}, Square);
  static_cast<void>(co_await stream.Next());

#if defined(WRONG_ARGUMENTS)
  Task<int> wrong = StartTask(Square, std::string("2"));
#elif defined(NO_FUNCTION)
  Task<int> wrong = StartTask(Square(2));
#elif defined(REFERENCE_PARAMETER)
  int number = 1;
  Task<void> wrong = StartTask(Increment, number);
#elif defined(REFERENCE_RESULT)
  auto wrong = StartTask(Largest, std::vector<int>{1});
#elif defined(PINNED_RESULT)
  auto wrong = StartTask(MakePinned);
#elif defined(WRONG_ARGUMENTS_NO_LINK)
  Task<int> wrong = StartTaskNoLink(Square);
#elif defined(DROPPED_TASK)
  StartTask(Square, 2);
#elif defined(DROPPED_TASK_NO_LINK)
  StartTaskNoLink(Square, 2);
#elif defined(DROPPED_AWAIT)
  task.Await();
#elif defined(AWAITED_TASK)
  static_cast<void>(co_await task);
#elif defined(COPIED_TASK)
  Task<int> copy = task;
#elif defined(RESULT_OF_ANOTHER_TYPE)
  Task<std::string> wrong = StartTask(Square, 2);
#elif defined(AWAIT_MANY_COPIES)
  std::vector<Task<int>> tasks;
  static_cast<void>(co_await AwaitMany(tasks));
#elif defined(STREAM_OF_WRONG_ITEMS)
  auto wrong = StreamTasks(std::vector<std::string>{"1"}, Square);
#elif defined(STREAM_OF_REFERENCES)
  auto wrong = StreamTasks(std::vector<int>{1}, Increment);
#elif defined(STREAM_BY_A_FUNCTION_THAT_CANNOT_BE_COPIED)
  auto wrong = StreamTasks(std::vector<int>{1}, [number = std::make_unique<int>(1)](int factor) {
    return *number * factor;
  });
#elif defined(DROPPED_STREAM)
  StreamTasks(std::vector<int>{1}, Square);
#elif defined(COPIED_STREAM)
  AsyncStream<int> copy = stream;
#endif
}

}  // namespace hydra

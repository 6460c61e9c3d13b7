// LinkStream: one end of a connection's stream of frames.
#ifndef HYDRA_NODE_INTERNAL_LINK_STREAM_H_
#define HYDRA_NODE_INTERNAL_LINK_STREAM_H_

#include <string>

#include "hydra/node/internal/link_proto.h"

namespace hydra::node_internal {

// What happens on a stream. Called by threads of the network, OnFrame one at a time. Must not wait for anything.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;

  // The stream stands: it may be read and written from now on.
  virtual void OnOpen() = 0;
  // A frame has come; the next comes when it is asked for, by Read. It may be changed, until this returns.
  virtual void OnFrame(v1::Frame& frame) = 0;
  // The frame of the last Write is on its way: the next may be written.
  virtual void OnWritten() = 0;
  // The stream is over, and why. Nothing comes after it.
  virtual void OnEnd(std::string why) = 0;
};

// Thread safety: any thread.
class LinkStream {
 public:
  virtual ~LinkStream() = default;

  // Asks for the next frame. Does nothing while one is being waited for.
  virtual void Read() = 0;
  // Writes a frame, which isn't needed any more when OnWritten comes; not before that of the last one. Does nothing
  // once the stream ends.
  virtual void Write(const v1::Frame& frame) = 0;
  // Ends the stream: after the frame that is being written if `after_write`, which may never be; otherwise at once. OnEnd
  // comes, if it hasn't, and perhaps frames before it, which nobody has asked for. May be called several times.
  virtual void End(bool after_write) = 0;
};

}  // namespace hydra::node_internal

#endif  // HYDRA_NODE_INTERNAL_LINK_STREAM_H_

// SPDX-License-Identifier: BSD-3-Clause
import java.util.function.LongConsumer;

/** A file that a thread of C watches. The listener runs on that thread. */
public final class Watch implements AutoCloseable {
  static {
    System.loadLibrary("watch");
  }

  private long handle;

  public Watch(String path, LongConsumer listener) {
    handle = start(path, listener);
  }

  @Override
  public synchronized void close() {
    if (handle != 0) stop(handle);
    handle = 0;
  }

  private static native long start(String path, LongConsumer listener);

  private static native void stop(long handle);
}

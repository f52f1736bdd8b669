// SPDX-License-Identifier: BSD-3-Clause
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.SynchronousQueue;

public class Main {
  public static void main(String[] args) throws Exception {
    Path file = Files.createTempFile("watch", null);
    SynchronousQueue<Long> sizes = new SynchronousQueue<>();
    Thread[] caller = new Thread[1];
    try (Watch watch = new Watch(file.toString(), size -> {
      caller[0] = Thread.currentThread();
      try {
        sizes.put(size);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    })) {
      for (String text : new String[] {"", "a", "bc", "def"}) {
        Files.writeString(file, text);
        long size;
        do size = sizes.take();
        while (size != text.length());
        System.out.println(size + " bytes, from thread " + caller[0].getName());
      }
    }
    System.out.println("the thread is " + caller[0].getState());
    Files.delete(file);
  }
}

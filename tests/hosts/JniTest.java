// SPDX-License-Identifier: BSD-3-Clause
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;

public class JniTest {
  static native int threads(int threads, int count, int what);
  static native int here(int what, int number);
  static native int pendingBefore(int what, int number);
  static native int special(int kind, int what);
  static native int wastes(int count, boolean here);
  static native void fire(int what);
  static native int forked();
  static native int stay();
  static native int joinAtExit(int what);
  static native int end();

  static final int COUNT = 0, NOTE = 1, THROW = 2, NEST = 3, WORK = 4, NEST_THROW = 5, WAIT = 6,
      NEST_PENDING = 7;

  static final AtomicInteger calls = new AtomicInteger();
  static final Map<Integer, Set<Thread>> seen = new ConcurrentHashMap<>();
  static final AtomicInteger locals = new AtomicInteger();
  static final ThreadLocal<Integer> local =
      ThreadLocal.withInitial(locals::incrementAndGet);
  static volatile Object sink;

  public static void onCall(int what, int number) {
    calls.incrementAndGet();
    switch (what) {
      case NOTE:
        seen.computeIfAbsent(number, n -> ConcurrentHashMap.newKeySet())
            .add(Thread.currentThread());
        local.get();
        break;
      case THROW:
        throw new IllegalArgumentException("from the callback");
      case NEST:
        if (number > 0) check(here(NEST, number - 1), 0);
        break;
      case WORK:
        sink = new byte[1000];
        break;
      case NEST_THROW:
        try {
          here(THROW, 0);
          throw new AssertionError("no exception");
        } catch (IllegalArgumentException expected) {
          calls.addAndGet(100);
        }
        break;
      case NEST_PENDING:
        try {
          pendingBefore(NOTE, number);
          throw new AssertionError("no exception");
        } catch (IllegalStateException expected) {
          calls.addAndGet(100);
        }
        break;
      case WAIT:
        synchronized (calls) {
          while (true)
            try {
              calls.wait();
            } catch (InterruptedException ignored) {
            }
        }
      default:
    }
  }

  static void check(Object is, Object wanted) {
    if (!is.equals(wanted)) throw new AssertionError(is + ", not " + wanted);
  }

  static void test(String name) throws Exception {
    switch (name) {
      case "calls":
        check(threads(8, 1000, NOTE), 0);
        check(calls.get(), 8000);
        check(locals.get(), 8);
        for (int i = 0; i < 8; i++) {
          check(seen.get(i).size(), 1);
          Thread t = seen.get(i).iterator().next();
          check(t.getName(), "caller-" + i);
          check(t.isDaemon(), true);
          check(t.isAlive(), false);
          check(t.getState(), Thread.State.TERMINATED);
        }
        break;
      case "java":
        check(here(NOTE, 1), 0);
        check(seen.get(1).iterator().next(), Thread.currentThread());
        Thread[] made = new Thread[20];
        for (int i = 0; i < made.length; i++) {
          made[i] = new Thread(() -> {
            for (int n = 0; n < 100; n++) check(here(NOTE, 2), 0);
          });
          made[i].start();
        }
        for (Thread t : made) t.join();
        check(calls.get(), 2001);
        check(seen.get(2), Set.of(made));
        break;
      case "nested":
        check(here(NEST, 50), 0);
        check(threads(4, 1, NEST), 0);
        check(calls.get(), 51 + 4 + (1 + 2 + 3));
        break;
      case "uncaught": {
        Map<Thread, Throwable> caught = new ConcurrentHashMap<>();
        AtomicInteger times = new AtomicInteger();
        Thread.setDefaultUncaughtExceptionHandler((t, e) -> {
          caught.put(t, e);
          times.incrementAndGet();
          throw new RuntimeException("from the handler");
        });
        check(threads(2, 3, THROW), 0);
        check(times.get(), 6);
        check(caught.size(), 2);
        for (Throwable e : caught.values()) check(e.getMessage(), "from the callback");
        break;
      }
      case "pending":
        try {
          here(THROW, 0);
          throw new AssertionError("no exception");
        } catch (IllegalArgumentException expected) {
        }
        try {
          pendingBefore(NOTE, 1);
          throw new AssertionError("no exception");
        } catch (IllegalStateException expected) {
          check(expected.getMessage(), "pending before");
        }
        check(calls.get(), 2);
        try {
          pendingBefore(THROW, 1);
          throw new AssertionError("no exception");
        } catch (IllegalArgumentException expected) {
        }
        check(threads(1, 1, NEST_THROW), 0);
        check(calls.get(), 105);
        break;
      case "others":
        check(special(0, NOTE), 0);
        check(special(1, NOTE), 0);
        check(calls.get(), 6 + 9);
        check(seen.get(7).size(), 2 + 3);
        for (Thread t : seen.get(7)) check(t.isAlive(), false);
        break;
      case "destructors":
        check(special(2, NOTE), 0);
        for (Thread t : seen.get(7)) check(t.isAlive(), false);
        break;
      case "signals":
        check(special(3, NOTE), 0);
        for (Thread t : seen.get(7)) check(t.isAlive(), false);
        break;
      case "locals":
        check(wastes(2000, false), 0);
        check(wastes(2000, true), 0);
        break;
      case "collector": {
        Thread collector = new Thread(() -> {
          while (!Thread.interrupted()) System.gc();
        });
        collector.start();
        check(threads(8, 2000, WORK), 0);
        collector.interrupt();
        collector.join();
        break;
      }
      case "borders":
        check(special(4, NEST_THROW), 0);
        check(calls.get(), 9 * 102);
        check(special(4, NEST_PENDING), 0);
        check(calls.get(), 2 * 9 * 102);
        break;
      case "fork":
        check(forked(), 0);
        break;
      default:
        throw new AssertionError("no test " + name);
    }
    System.out.println("passed");
  }

  // Waits until the callers of fire() are at work.
  static void burn(int what) {
    fire(what);
    while (calls.get() < 1000) Thread.onSpinWait();
  }

  // JniTest of another class loader, and its library, go while a thread of C is attached.
  static void unload(Path classes, String library) throws Exception {
    URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()},
        ClassLoader.getPlatformClassLoader());
    Class<?> c = loader.loadClass("JniTest");
    c.getMethod("leaveOne", String.class).invoke(null, library);
    check(callers(), 1);
    c = null;
    loader.close();
    loader = null;
    // The library ends its thread when it is told that it goes.
    while (callers() != 0) System.gc();
  }
  static int callers() {
    int n = 0;
    for (Thread t : Thread.getAllStackTraces().keySet())
      if (t.getName().startsWith("caller-")) n++;
    return n;
  }
  // Called by reflection, in the other loader.
  public static void leaveOne(String library) {
    for (boolean loaded = false; !loaded;)
      try {
        System.load(library);
        loaded = true;
      } catch (UnsatisfiedLinkError stillThere) {
        System.gc();
      }
    check(threads(2, 10, NOTE), 0);
    check(stay(), 0);
    while (calls.get() != 21) Thread.onSpinWait();
    seen.clear();
  }

  public static void main(String[] args) throws Exception {
    switch (args[1]) {
      case "unload":
        // Twice: the object stays mapped, and its border opens again.
        unload(Path.of(args[2]), args[0]);
        unload(Path.of(args[2]), args[0]);
        System.out.println("passed");
        return;
      default:
    }
    System.load(args[0]);
    switch (args[1]) {
      case "exit":
        burn(WORK);
        System.exit(0);
        break;
      case "return":
        burn(WORK);
        return;
      case "halt":
        burn(WORK);
        Runtime.getRuntime().halt(0);
        break;
      case "join":
        check(joinAtExit(WORK), 0);
        System.exit(0);
        break;
      case "end-join":
        check(joinAtExit(WORK), 0);
        check(end(), 0);
        System.exit(0);
        break;
      case "wait":
        fire(WAIT);
        while (calls.get() < 4) Thread.onSpinWait();
        System.exit(0);
        break;
      case "throw-exit":
        burn(THROW);
        System.exit(0);
        break;
      default:
        for (int i = 1; i < args.length; i++) {
          calls.set(0);
          seen.clear();
          locals.set(0);
          test(args[i]);
        }
    }
  }
}

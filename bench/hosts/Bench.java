// SPDX-License-Identifier: BSD-3-Clause
public class Bench {
  static native void run(int rounds);

  static long sum;

  static void onCall(int n) {
    sum += n;
  }

  public static void main(String[] args) {
    System.load(args[0]);
    run(Integer.parseInt(args[1]));
  }
}

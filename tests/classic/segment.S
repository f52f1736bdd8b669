/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread-local segment that a linker of 2010 makes: two words, no more.
 */
	.section .tbss, "awT", %nobits
#ifdef __LP64__
	.balign	8
	.skip	16
#else
	.balign	4
	.skip	8
#endif
	.section .note.GNU-stack, "", %progbits

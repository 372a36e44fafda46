//go:build !purego

#include "textflag.h"

// A vector is added up in lanes of 64 bits, the upper and the lower 32 bits of its words apart, so that no carry is lost.
// At the end the lanes are added up, and to the sum so far with the carry coming round (RFC 1071, Section 2).

DATA low<>+0(SB)/8, $0x00000000ffffffff
GLOBL low<>(SB), RODATA|NOPTR, $8

#define ADD512(z, t, lower, upper) \
	VPSRLQ $32, z, t; \
	VPANDQ Z15, z, z; \
	VPADDQ t, upper, upper; \
	VPADDQ z, lower, lower

// func add512(p *byte, n int, sum uint64) uint64
TEXT ·add512(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ sum+16(FP), AX
	VPBROADCASTQ low<>(SB), Z15
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	SUBQ $128, CX
	JLT  rest

pair:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 64(SI), Z1
	ADD512(Z0, Z2, Z4, Z5)
	ADD512(Z1, Z3, Z6, Z7)
	ADDQ $128, SI
	SUBQ $128, CX
	JGE  pair

rest:
	ADDQ $128, CX
	MOVQ $-1, DX

part:
	BZHIQ CX, DX, BX
	KMOVQ BX, K1
	VMOVDQU8.Z (SI), K1, Z0
	ADD512(Z0, Z2, Z4, Z5)
	ADDQ $64, SI
	SUBQ $64, CX
	JGT  part

	VPADDQ Z5, Z4, Z4
	VPADDQ Z7, Z6, Z6
	VPADDQ Z6, Z4, Z4
	VEXTRACTI64X4 $1, Z4, Y5
	VPADDQ Y5, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPADDQ X5, X4, X4
	VPSRLDQ $8, X4, X5
	VPADDQ X5, X4, X4
	VMOVQ X4, BX
	ADDQ BX, AX
	ADCQ $0, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET

#define ADD256(y, t, lower, upper) \
	VPSRLQ $32, y, t; \
	VPAND Y15, y, y; \
	VPADDQ t, upper, upper; \
	VPADDQ y, lower, lower

// func add256(p *byte, n int, sum uint64) uint64
TEXT ·add256(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ sum+16(FP), AX
	VPBROADCASTQ low<>(SB), Y15
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	SUBQ $64, CX
	JLT  rest

pair:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	ADD256(Y0, Y2, Y4, Y5)
	ADD256(Y1, Y3, Y6, Y7)
	ADDQ $64, SI
	SUBQ $64, CX
	JGE  pair

rest:
	ADDQ $64, CX
	JEQ  end
	VMOVDQU (SI), Y0
	ADD256(Y0, Y2, Y4, Y5)

end:
	VPADDQ Y5, Y4, Y4
	VPADDQ Y7, Y6, Y6
	VPADDQ Y6, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPADDQ X5, X4, X4
	VPSRLDQ $8, X4, X5
	VPADDQ X5, X4, X4
	VMOVQ X4, BX
	ADDQ BX, AX
	ADCQ $0, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET

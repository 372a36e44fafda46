package auth

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"culvert/wire"
)

// The bounds of an expression: in octets, in instructions of what it compiles to, and of the names that it is compared with. A
// comparison costs at most the product of the last two.
const (
	longestExpression = 256
	mostInstructions  = 1024
	longestCompared   = 512
)

var errExpressionSize = errors.New("it is too large")

// IsExpression reports whether the identity, as a pattern, is a regular expression: one of POSIX (extended), from "^" to "$", for
// domain names, mail addresses or distinguished names as they are printed. The whole name has to fit, each alternative of "^a|b$"
// too, so that no name fits by its beginning or its end alone. The case of letters does not matter.
func (id Identity) IsExpression() bool {
	switch id.Type {
	case wire.IDFQDN, wire.IDRFC822Addr, wire.IDDERASN1DN:
		return len(id.Data) >= 2 && strings.HasPrefix(id.Data, "^") && strings.HasSuffix(id.Data, "$")
	}
	return false
}

// checked returns an expression that can be used, and printed as it is.
func (id Identity) checked() (Identity, error) {
	if escapeUnprinted(id.Data) != id.Data {
		return Identity{}, fmt.Errorf("regular expression %q: it has characters that do not print", id.Data)
	}
	if _, err := compileExpression(id.Data); err != nil {
		return Identity{}, fmt.Errorf("regular expression %q: %w", id.Data, err)
	}
	return id, nil
}

func compileExpression(s string) (*regexp.Regexp, error) {
	if len(s) > longestExpression {
		return nil, errExpressionSize
	}
	parsed, err := syntax.Parse(s, syntax.FoldCase|syntax.DotNL|syntax.ClassNL|syntax.OneLine)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	switch {
	case err != nil:
		return nil, err
	case len(program.Inst) > mostInstructions:
		return nil, errExpressionSize
	}
	return regexp.Compile(`\A(?:` + parsed.String() + `)\z`)
}

// foldedToASCII are the letters that are the same as "s" and "k" where the case does not matter, and yet are those of other names.
const foldedToASCII = "\u017f\u212a"

// expresses compares an expression with what an identity of its type looks like.
func (pattern Identity) expresses(id Identity) bool {
	if len(id.Data) == 0 || len(id.Data) > longestCompared || strings.ContainsAny(id.Data, foldedToASCII) {
		return false
	}
	text := id.text()
	expression, err := compileExpression(pattern.Data)
	return err == nil && len(text) <= longestCompared && expression.MatchString(text)
}

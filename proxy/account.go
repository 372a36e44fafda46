package proxy

import (
	"crypto/sha256"
	"crypto/subtle"

	"culvert/secret"
)

// An Account is who may use a proxy.
type Account struct {
	User     string
	Password secret.Bytes
}

// is compares in constant time.
func (a *Account) is(user, password []byte) bool {
	wantUser, wantPassword := sha256.Sum256([]byte(a.User)), sha256.Sum256(a.Password)
	gotUser, gotPassword := sha256.Sum256(user), sha256.Sum256(password)
	return subtle.ConstantTimeCompare(wantUser[:], gotUser[:])&subtle.ConstantTimeCompare(wantPassword[:], gotPassword[:]) == 1
}

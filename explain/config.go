package explain

// Codes of the configuration.
const (
	ConfigSyntax        Code = "CONFIG-SYNTAX"
	ConfigUnknownKey    Code = "CONFIG-UNKNOWN-KEY"
	ConfigUnknownBlock  Code = "CONFIG-UNKNOWN-BLOCK"
	ConfigMissingKey    Code = "CONFIG-MISSING-KEY"
	ConfigWrongType     Code = "CONFIG-WRONG-TYPE"
	ConfigBadValue      Code = "CONFIG-BAD-VALUE"
	ConfigBadName       Code = "CONFIG-BAD-NAME"
	ConfigDuplicate     Code = "CONFIG-DUPLICATE"
	ConfigContradiction Code = "CONFIG-CONTRADICTION"
	ConfigReference     Code = "CONFIG-REFERENCE"
	ConfigInclude       Code = "CONFIG-INCLUDE"
	ConfigFile          Code = "CONFIG-FILE"
	ConfigBadFile       Code = "CONFIG-BAD-FILE"
	ConfigKeyStore      Code = "CONFIG-KEY-STORE"
	ConfigPermissions   Code = "CONFIG-PERMISSIONS"
	ConfigBadProposal   Code = "CONFIG-BAD-PROPOSAL"
	ConfigWeakAlgorithm Code = "CONFIG-WEAK-ALGORITHM"
	ConfigNoSecret      Code = "CONFIG-NO-SECRET"
	ConfigCertificate   Code = "CONFIG-CERTIFICATE"
	ConfigKeyMismatch   Code = "CONFIG-KEY-MISMATCH"
	ConfigIdentity      Code = "CONFIG-IDENTITY"
	ConfigCertChain     Code = "CONFIG-CERT-CHAIN"
	ConfigCertWeak      Code = "CONFIG-CERT-WEAK"
	ConfigClientQuirk   Code = "CONFIG-CLIENT-QUIRK"
	ConfigNotReachable  Code = "CONFIG-NOT-REACHABLE"
	ConfigOverlap       Code = "CONFIG-OVERLAP"
	ConfigPoolSize      Code = "CONFIG-POOL-SIZE"
	ConfigUnused        Code = "CONFIG-UNUSED"
	ConfigClearText     Code = "CONFIG-CLEAR-TEXT"
	ConfigComment       Code = "CONFIG-COMMENT"
)

// configEntries documents the codes of the configuration.
func configEntries() []Entry { return append(configTextEntries(), configMeaningEntries()...) }

// configTextEntries is what single places of a file can be wrong about.
func configTextEntries() []Entry {
	return []Entry{
		{ConfigSyntax, "The configuration file is not valid HCL or JSON.",
			"A bracket, quote, separator or newline is missing or one too many at the place shown.",
			"Correct the place shown; each option of a block stands on a line of its own. `culvert check` reads the file without touching the daemon."},
		{ConfigUnknownKey, "A block has an option that does not exist there.",
			"The option is misspelt, stands in the wrong block, or comes from another program.",
			"Take the name that the message suggests, or look it up in the configuration reference. Nothing is ignored silently, so the option has to go or be corrected."},
		{ConfigUnknownBlock, "There is a block that does not exist there.",
			"The kind of block is misspelt or stands inside the wrong block.",
			"Take the name that the message suggests, or look it up in the configuration reference."},
		{ConfigMissingKey, "An option or block is missing that others make necessary.",
			"A block is incomplete, or the way of authentication that it asks for needs a file that is not named.",
			"Add what the message names."},
		{ConfigWrongType, "An option has a value of the wrong type.",
			"A string stands where a number, true or false, or a list is expected, or the other way round. \"yes\" in quotes is a string, not true.",
			"Write the value as the line `expected` shows."},
		{ConfigBadValue, "An option has a value that it cannot have.",
			"The value is out of range, lacks its unit, or is none of the words that there are.",
			"Write the value as the line `expected` shows."},
		{ConfigBadName, "A block has a name that it cannot have.",
			"The name is missing, is one too many, or has a character that commands and logs cannot carry.",
			"Use letters, digits, \".\", \"_\" and \"-\"."},
		{ConfigDuplicate, "An option or block is there twice.",
			"Two files, or two places of one file, define the same thing; which one counts would be a matter of chance.",
			"Remove one of the two places that the message names."},
	}
}

// configMeaningEntries is what places of a file, and files, can be wrong about together.
func configMeaningEntries() []Entry {
	return []Entry{
		{ConfigContradiction, "Two options contradict each other, or one has no effect.",
			"The options were set at different times, or one of them assumes another mode.",
			"Decide for one of them; the message says how they conflict."},
		{ConfigReference, "A name refers to something that is not there.",
			"The block was removed or renamed, its file is not included, or the name is misspelt.",
			"Correct the name or add the block."},
		{ConfigInclude, "An include cannot be followed.",
			"A file includes itself, directly or through others, or two patterns find the same file.",
			"Include every file from one place only."},
		{ConfigFile, "A file that the configuration names cannot be read.",
			"The path is wrong, the file is not there yet, or the user may not read it. Paths are relative to the file in which they stand.",
			"Correct the path or the permissions, then run `culvert check`."},
		{ConfigBadFile, "A file does not hold what its option takes.",
			"A key stands where a certificate is expected, the file is encrypted, or it is neither PEM nor DER.",
			"Look at it with `openssl x509 -in FILE -noout -text` or `openssl pkey -in FILE -noout`; decrypt keys with `openssl pkey`."},
		{ConfigKeyStore, "A private key or certificate in a token, TPM or agent cannot be used.",
			"The name is wrong, the device or agent is not there or does not let the daemon in, or the program culvert-pkcs11 is not installed beside culvert.",
			"Look for it as the daemon's user: `pkcs11-tool --list-objects`, `tpm2_readpublic -c HANDLE`, `ssh-add -l`. Under systemd the device needs a DeviceAllow= line."},
		{ConfigPermissions, "A file with a secret can be read by every user.",
			"It was written with the usual permissions.",
			"Run the chmod command of the message. If others may have read the secret, replace it on both sides."},
		{ConfigBadProposal, "A proposal cannot be used.",
			"One of its words is no algorithm, is refused as too weak, or does not go with the others: combined-mode ciphers such as aes256gcm16 stand without an integrity algorithm and in proposals of their own.",
			"Correct the word that is marked, or use \"default\"."},
		{ConfigWeakAlgorithm, "A proposal has an algorithm that should not be used any more.",
			"RFC 8247 or RFC 8221 advises against it: SHA-1, and key exchange groups below 2048 bits.",
			"Remove it as soon as the peer knows something newer."},
		{ConfigNoSecret, "A connection authenticates with a secret, but there is none for it.",
			"No secret block has the connection's name, and none has ids that fit the identities or addresses of the connection.",
			"Add `secret \"NAME\"` with the connection's name, or add the identity to the ids of a secret."},
		{ConfigCertificate, "A certificate is not valid now, or will not be for long.",
			"It has expired, its time has not come, or the clock of this host is wrong.",
			"Compare `date` with the dates in the message; renew the certificate and run `culvert reload`."},
		{ConfigKeyMismatch, "The private key does not belong to the certificate.",
			"The files come from different requests, or certificate and key were renewed one without the other; or the first certificate of the file is that of the CA.",
			"Name the files that belong together; our own certificate comes first in its file."},
		{ConfigIdentity, "The certificate does not confirm our identity.",
			"The id of the local block is not among the subject alternative names of the certificate, nor is it its subject.",
			"Set id to one of the names in the message, or have a certificate issued that has it. Most peers refuse the connection otherwise."},
		{ConfigCertChain, "The certificates that we send do not lead from ours to a CA.",
			"Our own certificate comes first, each following one is that of the issuer of the one before, and what stands between ours and what peers trust is there. Some peers put up with another order or have the missing one, others refuse us.",
			"Put the certificates into local.certificate in that order; openssl x509 -subject -issuer shows both names of each."},
		{ConfigCertWeak, "A certificate that we send would be refused for its key or signature.",
			"It is signed with SHA-1 or MD5, or its key is too small or of a kind that IKE peers do not take (RFC 8247, Section 3.1).",
			"Have it issued anew with SHA-256 or better and a key of RSA 2048 or more, ECDSA, Ed25519 or ML-DSA."},
		{ConfigClientQuirk, "Some clients would not take the certificate of this gateway.",
			"The clients of operating systems have rules of their own beside those of the RFCs: which names, purposes and kinds of keys a gateway's certificate must have.",
			"If such clients are to connect, do as the hint says; otherwise there is nothing to do."},
		{ConfigNotReachable, "A connection is to be started, but there is nothing to connect to.",
			"The remote block has no address, or only prefixes that stand for many peers.",
			"Give the remote block an address or name, or set start = \"none\" and let the peer connect."},
		{ConfigOverlap, "Two blocks claim the same thing.",
			"Traffic fits two children of the same priority, an address is in two pools, or two connections wait for the same peer and demand the same of it: which one counts depends on small differences.",
			"Narrow one of them down, give children different priorities, or give connections different identities."},
		{ConfigPoolSize, "A pool cannot serve what it is there for.",
			"It has no address left after its exclusions, or fewer than the peers that use it, or a fixed address that is not its own.",
			"Make the pool larger, or take the exclusion back."},
		{ConfigUnused, "A block has no effect.",
			"No connection refers to the pool, no connection can use the secret, or a connection has no child.",
			"Remove it, or refer to it."},
		{ConfigClearText, "Something that others should not read leaves the host unencrypted.",
			"A URL is one of http, and its host is another one.",
			"Use https, or a server on this host."},
		{ConfigComment, "A comment cuts a secret off.",
			"In swanctl.conf # begins a comment wherever it stands outside of quotes. The secret is what stands before it, which is shorter than it looks; strongSwan reads it so without a word.",
			"Put the secret in quotes if the # belongs to it. If it does not, put a space before the #."},
	}
}

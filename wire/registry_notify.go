package wire

// NotifyType says what a Notify payload reports (RFC 7296, Section 3.10.1). The error types are in this file, the status
// types in registry_status.go.
type NotifyType uint16

// firstStatus is the lowest status type; everything below is an error.
const firstStatus NotifyType = 16384

// IsError reports whether t is an error type rather than a status type (RFC 7296, Section 3.10.1).
func (t NotifyType) IsError() bool { return t < firstStatus }

// Notify error types. NotifyNone is not registered: in an Error it stands for "say nothing to the peer".
const (
	NotifyNone                        NotifyType = 0
	NotifyUnsupportedCriticalPayload  NotifyType = 1
	NotifyInvalidIKESPI               NotifyType = 4
	NotifyInvalidMajorVersion         NotifyType = 5
	NotifyInvalidSyntax               NotifyType = 7
	NotifyInvalidMessageID            NotifyType = 9
	NotifyInvalidSPI                  NotifyType = 11
	NotifyNoProposalChosen            NotifyType = 14
	NotifyInvalidKEPayload            NotifyType = 17
	NotifyAuthenticationFailed        NotifyType = 24
	NotifySinglePairRequired          NotifyType = 34
	NotifyNoAdditionalSAs             NotifyType = 35
	NotifyInternalAddressFailure      NotifyType = 36
	NotifyFailedCPRequired            NotifyType = 37
	NotifyTSUnacceptable              NotifyType = 38
	NotifyInvalidSelectors            NotifyType = 39
	NotifyUnacceptableAddresses       NotifyType = 40 // RFC 4555
	NotifyUnexpectedNATDetected       NotifyType = 41 // RFC 4555
	NotifyUseAssignedHoA              NotifyType = 42 // RFC 5026
	NotifyTemporaryFailure            NotifyType = 43
	NotifyChildSANotFound             NotifyType = 44
	NotifyInvalidGroupID              NotifyType = 45    // RFC 9838
	NotifyAuthorizationFailed         NotifyType = 46    // RFC 9838
	NotifyStateNotFound               NotifyType = 47    // RFC 9370
	NotifyTSMaxQueue                  NotifyType = 48    // RFC 9611
	NotifyRegistrationFailed          NotifyType = 49    // RFC 9838
	NotifyMEConnectFailed             NotifyType = 8192  // strongSwan
	NotifyInvalidCompressionAlgorithm NotifyType = 9601  // private range
	NotifyMicrosoftStatus             NotifyType = 12345 // Windows
)

var notifyErrorNames = []named[NotifyType]{
	{NotifyNone, "none"},
	{NotifyUnsupportedCriticalPayload, "UNSUPPORTED_CRITICAL_PAYLOAD"},
	{NotifyInvalidIKESPI, "INVALID_IKE_SPI"},
	{NotifyInvalidMajorVersion, "INVALID_MAJOR_VERSION"},
	{NotifyInvalidSyntax, "INVALID_SYNTAX"},
	{NotifyInvalidMessageID, "INVALID_MESSAGE_ID"},
	{NotifyInvalidSPI, "INVALID_SPI"},
	{NotifyNoProposalChosen, "NO_PROPOSAL_CHOSEN"},
	{NotifyInvalidKEPayload, "INVALID_KE_PAYLOAD"},
	{NotifyAuthenticationFailed, "AUTHENTICATION_FAILED"},
	{NotifySinglePairRequired, "SINGLE_PAIR_REQUIRED"},
	{NotifyNoAdditionalSAs, "NO_ADDITIONAL_SAS"},
	{NotifyInternalAddressFailure, "INTERNAL_ADDRESS_FAILURE"},
	{NotifyFailedCPRequired, "FAILED_CP_REQUIRED"},
	{NotifyTSUnacceptable, "TS_UNACCEPTABLE"},
	{NotifyInvalidSelectors, "INVALID_SELECTORS"},
	{NotifyUnacceptableAddresses, "UNACCEPTABLE_ADDRESSES"},
	{NotifyUnexpectedNATDetected, "UNEXPECTED_NAT_DETECTED"},
	{NotifyUseAssignedHoA, "USE_ASSIGNED_HoA"},
	{NotifyTemporaryFailure, "TEMPORARY_FAILURE"},
	{NotifyChildSANotFound, "CHILD_SA_NOT_FOUND"},
	{NotifyInvalidGroupID, "INVALID_GROUP_ID"},
	{NotifyAuthorizationFailed, "AUTHORIZATION_FAILED"},
	{NotifyStateNotFound, "STATE_NOT_FOUND"},
	{NotifyTSMaxQueue, "TS_MAX_QUEUE"},
	{NotifyRegistrationFailed, "REGISTRATION_FAILED"},
	{NotifyMEConnectFailed, "ME_CONNECT_FAILED"},
	{NotifyInvalidCompressionAlgorithm, "INVALID_COMPRESSION_ALGORITHM"},
	{NotifyMicrosoftStatus, "MICROSOFT_STATUS"},
}

// String returns the registered name, COOKIE for example, or NOTIFY(n).
func (t NotifyType) String() string {
	if t.IsError() {
		return nameOf(notifyErrorNames, "NOTIFY", t)
	}
	return nameOf(notifyStatusNames, "NOTIFY", t)
}

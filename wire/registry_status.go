package wire

// Notify status types.
const (
	NotifyInitialContact                NotifyType = 16384
	NotifySetWindowSize                 NotifyType = 16385
	NotifyAdditionalTSPossible          NotifyType = 16386
	NotifyIPCompSupported               NotifyType = 16387
	NotifyNATDetectionSourceIP          NotifyType = 16388
	NotifyNATDetectionDestinationIP     NotifyType = 16389
	NotifyCookie                        NotifyType = 16390
	NotifyUseTransportMode              NotifyType = 16391
	NotifyHTTPCertLookupSupported       NotifyType = 16392
	NotifyRekeySA                       NotifyType = 16393
	NotifyESPTFCPaddingNotSupported     NotifyType = 16394
	NotifyNonFirstFragmentsAlso         NotifyType = 16395
	NotifyMOBIKESupported               NotifyType = 16396 // RFC 4555
	NotifyAdditionalIP4Address          NotifyType = 16397 // RFC 4555
	NotifyAdditionalIP6Address          NotifyType = 16398 // RFC 4555
	NotifyNoAdditionalAddresses         NotifyType = 16399 // RFC 4555
	NotifyUpdateSAAddresses             NotifyType = 16400 // RFC 4555
	NotifyCookie2                       NotifyType = 16401 // RFC 4555
	NotifyNoNATsAllowed                 NotifyType = 16402 // RFC 4555
	NotifyAuthLifetime                  NotifyType = 16403 // RFC 4478
	NotifyMultipleAuthSupported         NotifyType = 16404 // RFC 4739
	NotifyAnotherAuthFollows            NotifyType = 16405 // RFC 4739
	NotifyRedirectSupported             NotifyType = 16406 // RFC 5685
	NotifyRedirect                      NotifyType = 16407 // RFC 5685
	NotifyRedirectedFrom                NotifyType = 16408 // RFC 5685
	NotifyTicketLTOpaque                NotifyType = 16409 // RFC 5723
	NotifyTicketRequest                 NotifyType = 16410 // RFC 5723
	NotifyTicketACK                     NotifyType = 16411 // RFC 5723
	NotifyTicketNACK                    NotifyType = 16412 // RFC 5723
	NotifyTicketOpaque                  NotifyType = 16413 // RFC 5723
	NotifyLinkID                        NotifyType = 16414 // RFC 5739
	NotifyUseWESPMode                   NotifyType = 16415 // RFC 5840
	NotifyROHCSupported                 NotifyType = 16416 // RFC 5857
	NotifyEAPOnlyAuthentication         NotifyType = 16417 // RFC 5998
	NotifyChildlessIKEv2Supported       NotifyType = 16418 // RFC 6023
	NotifyQuickCrashDetection           NotifyType = 16419 // RFC 6290
	NotifyMessageIDSyncSupported        NotifyType = 16420 // RFC 6311
	NotifyReplayCounterSyncSupported    NotifyType = 16421 // RFC 6311
	NotifyMessageIDSync                 NotifyType = 16422 // RFC 6311
	NotifyReplayCounterSync             NotifyType = 16423 // RFC 6311
	NotifySecurePasswordMethods         NotifyType = 16424 // RFC 6467
	NotifyPSKPersist                    NotifyType = 16425 // RFC 6631
	NotifyPSKConfirm                    NotifyType = 16426 // RFC 6631
	NotifyERXSupported                  NotifyType = 16427 // RFC 6867
	NotifyIFOMCapability                NotifyType = 16428 // 3GPP TS 24.303
	NotifyGroupSender                   NotifyType = 16429 // RFC 9838
	NotifyIKEv2FragmentationSupported   NotifyType = 16430 // RFC 7383
	NotifySignatureHashAlgorithms       NotifyType = 16431 // RFC 7427
	NotifyCloneIKESASupported           NotifyType = 16432 // RFC 7791
	NotifyCloneIKESA                    NotifyType = 16433 // RFC 7791
	NotifyPuzzle                        NotifyType = 16434 // RFC 8019
	NotifyUsePPK                        NotifyType = 16435 // RFC 8784
	NotifyPPKIdentity                   NotifyType = 16436 // RFC 8784
	NotifyNoPPKAuth                     NotifyType = 16437 // RFC 8784
	NotifyIntermediateExchangeSupported NotifyType = 16438 // RFC 9242
	NotifyIP4Allowed                    NotifyType = 16439 // RFC 8983
	NotifyIP6Allowed                    NotifyType = 16440 // RFC 8983
	NotifyAdditionalKeyExchange         NotifyType = 16441 // RFC 9370
	NotifyUseAGGFRAG                    NotifyType = 16442 // RFC 9347
	NotifySupportedAuthMethods          NotifyType = 16443 // RFC 9593
	NotifySAResourceInfo                NotifyType = 16444 // RFC 9611
	NotifyUsePPKInt                     NotifyType = 16445 // RFC 9867
	NotifyPPKIdentityKey                NotifyType = 16446 // RFC 9867
	NotifyFullTranscriptAuth            NotifyType = 16447 // downgrade-prevention
)

// Notify status types of the private range, as libreswan (40960), strongSwan and this project use them.
const (
	NotifyNullAuth                         NotifyType = 40960
	NotifyUseBEETMode                      NotifyType = 40961
	NotifyMEMediation                      NotifyType = 40962
	NotifyMEEndpoint                       NotifyType = 40963
	NotifyMECallback                       NotifyType = 40964
	NotifyMEConnectID                      NotifyType = 40965
	NotifyMEConnectKey                     NotifyType = 40966
	NotifyMEConnectAuth                    NotifyType = 40967
	NotifyMEResponse                       NotifyType = 40968
	NotifyRADIUSAttribute                  NotifyType = 40969
	NotifyFullTranscriptAuthPrototype      NotifyType = 40970
	NotifyOptimizedRekeySupported          NotifyType = 50400
	NotifyOptimizedRekey                   NotifyType = 50401
	NotifyChildSAPFSInfoSupported          NotifyType = 50600
	NotifyHCPProposal                      NotifyType = 51201
	NotifySwitchToIPAddress                NotifyType = 51202
	NotifyInitializationAuthenticationCode NotifyType = 51203
	NotifyDSCP                             NotifyType = 51204
	NotifyIdentityPseudonym                NotifyType = 51205
	NotifyDeleteReason                     NotifyType = 51206
	NotifyEncryptedPingSupported           NotifyType = 51207
	NotifyEESPMaxSubSAID                   NotifyType = 51208
	NotifyEESPMaxCryptOffset               NotifyType = 51209
	NotifyPadding                          NotifyType = 63652 // ours: fills probes of the path MTU
)

var notifyStatusNames = []named[NotifyType]{
	{NotifyInitialContact, "INITIAL_CONTACT"},
	{NotifySetWindowSize, "SET_WINDOW_SIZE"},
	{NotifyAdditionalTSPossible, "ADDITIONAL_TS_POSSIBLE"},
	{NotifyIPCompSupported, "IPCOMP_SUPPORTED"},
	{NotifyNATDetectionSourceIP, "NAT_DETECTION_SOURCE_IP"},
	{NotifyNATDetectionDestinationIP, "NAT_DETECTION_DESTINATION_IP"},
	{NotifyCookie, "COOKIE"},
	{NotifyUseTransportMode, "USE_TRANSPORT_MODE"},
	{NotifyHTTPCertLookupSupported, "HTTP_CERT_LOOKUP_SUPPORTED"},
	{NotifyRekeySA, "REKEY_SA"},
	{NotifyESPTFCPaddingNotSupported, "ESP_TFC_PADDING_NOT_SUPPORTED"},
	{NotifyNonFirstFragmentsAlso, "NON_FIRST_FRAGMENTS_ALSO"},
	{NotifyMOBIKESupported, "MOBIKE_SUPPORTED"},
	{NotifyAdditionalIP4Address, "ADDITIONAL_IP4_ADDRESS"},
	{NotifyAdditionalIP6Address, "ADDITIONAL_IP6_ADDRESS"},
	{NotifyNoAdditionalAddresses, "NO_ADDITIONAL_ADDRESSES"},
	{NotifyUpdateSAAddresses, "UPDATE_SA_ADDRESSES"},
	{NotifyCookie2, "COOKIE2"},
	{NotifyNoNATsAllowed, "NO_NATS_ALLOWED"},
	{NotifyAuthLifetime, "AUTH_LIFETIME"},
	{NotifyMultipleAuthSupported, "MULTIPLE_AUTH_SUPPORTED"},
	{NotifyAnotherAuthFollows, "ANOTHER_AUTH_FOLLOWS"},
	{NotifyRedirectSupported, "REDIRECT_SUPPORTED"},
	{NotifyRedirect, "REDIRECT"},
	{NotifyRedirectedFrom, "REDIRECTED_FROM"},
	{NotifyTicketLTOpaque, "TICKET_LT_OPAQUE"},
	{NotifyTicketRequest, "TICKET_REQUEST"},
	{NotifyTicketACK, "TICKET_ACK"},
	{NotifyTicketNACK, "TICKET_NACK"},
	{NotifyTicketOpaque, "TICKET_OPAQUE"},
	{NotifyLinkID, "LINK_ID"},
	{NotifyUseWESPMode, "USE_WESP_MODE"},
	{NotifyROHCSupported, "ROHC_SUPPORTED"},
	{NotifyEAPOnlyAuthentication, "EAP_ONLY_AUTHENTICATION"},
	{NotifyChildlessIKEv2Supported, "CHILDLESS_IKEV2_SUPPORTED"},
	{NotifyQuickCrashDetection, "QUICK_CRASH_DETECTION"},
	{NotifyMessageIDSyncSupported, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
	{NotifyReplayCounterSyncSupported, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED"},
	{NotifyMessageIDSync, "IKEV2_MESSAGE_ID_SYNC"},
	{NotifyReplayCounterSync, "IPSEC_REPLAY_COUNTER_SYNC"},
	{NotifySecurePasswordMethods, "SECURE_PASSWORD_METHODS"},
	{NotifyPSKPersist, "PSK_PERSIST"},
	{NotifyPSKConfirm, "PSK_CONFIRM"},
	{NotifyERXSupported, "ERX_SUPPORTED"},
	{NotifyIFOMCapability, "IFOM_CAPABILITY"},
	{NotifyGroupSender, "GROUP_SENDER"},
	{NotifyIKEv2FragmentationSupported, "IKEV2_FRAGMENTATION_SUPPORTED"},
	{NotifySignatureHashAlgorithms, "SIGNATURE_HASH_ALGORITHMS"},
	{NotifyCloneIKESASupported, "CLONE_IKE_SA_SUPPORTED"},
	{NotifyCloneIKESA, "CLONE_IKE_SA"},
	{NotifyPuzzle, "PUZZLE"},
	{NotifyUsePPK, "USE_PPK"},
	{NotifyPPKIdentity, "PPK_IDENTITY"},
	{NotifyNoPPKAuth, "NO_PPK_AUTH"},
	{NotifyIntermediateExchangeSupported, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
	{NotifyIP4Allowed, "IP4_ALLOWED"},
	{NotifyIP6Allowed, "IP6_ALLOWED"},
	{NotifyAdditionalKeyExchange, "ADDITIONAL_KEY_EXCHANGE"},
	{NotifyUseAGGFRAG, "USE_AGGFRAG"},
	{NotifySupportedAuthMethods, "SUPPORTED_AUTH_METHODS"},
	{NotifySAResourceInfo, "SA_RESOURCE_INFO"},
	{NotifyUsePPKInt, "USE_PPK_INT"},
	{NotifyPPKIdentityKey, "PPK_IDENTITY_KEY"},
	{NotifyFullTranscriptAuth, "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH"},
	{NotifyNullAuth, "NULL_AUTH"},
	{NotifyUseBEETMode, "USE_BEET_MODE"},
	{NotifyMEMediation, "ME_MEDIATION"},
	{NotifyMEEndpoint, "ME_ENDPOINT"},
	{NotifyMECallback, "ME_CALLBACK"},
	{NotifyMEConnectID, "ME_CONNECTID"},
	{NotifyMEConnectKey, "ME_CONNECTKEY"},
	{NotifyMEConnectAuth, "ME_CONNECTAUTH"},
	{NotifyMEResponse, "ME_RESPONSE"},
	{NotifyRADIUSAttribute, "RADIUS_ATTRIBUTE"},
	{NotifyFullTranscriptAuthPrototype, "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH_PROTOTYPE"},
	{NotifyOptimizedRekeySupported, "OPTIMIZED_REKEY_SUPPORTED"},
	{NotifyOptimizedRekey, "OPTIMIZED_REKEY"},
	{NotifyChildSAPFSInfoSupported, "CHILD_SA_PFS_INFO_SUPPORTED"},
	{NotifyHCPProposal, "HCP_PROPOSAL"},
	{NotifySwitchToIPAddress, "SWITCH_TO_IP_ADDRESS"},
	{NotifyInitializationAuthenticationCode, "INITIALIZATION_AUTHENTICATION_CODE"},
	{NotifyDSCP, "DSCP"},
	{NotifyIdentityPseudonym, "IDENTITY_PSEUDONYM"},
	{NotifyDeleteReason, "DELETE_REASON"},
	{NotifyEncryptedPingSupported, "ENCRYPTED_PING_SUPPORTED"},
	{NotifyEESPMaxSubSAID, "EESP_MAX_SUB_SA_ID"},
	{NotifyEESPMaxCryptOffset, "EESP_MAX_CRYPT_OFFSET"},
	{NotifyPadding, "PADDING"},
}

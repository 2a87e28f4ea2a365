// The stable numbers of WEIR-Exxxx. A number is never used again for another meaning. Hundreds by
// area: 0xx general, 1xx definitions and modules, 2xx runs and references, 3xx workers and
// attempts, 4xx storage, 5xx network and access, 6xx values.
#pragma once

namespace weir::base {

inline constexpr int kErrInternal = 1;
inline constexpr int kErrUsage = 2;
inline constexpr int kErrLimit = 3;        // a named limit was exceeded
inline constexpr int kErrIdempotency = 4;  // same key, other payload
inline constexpr int kErrPageToken = 5;
inline constexpr int kErrQueueFull = 6;
inline constexpr int kErrShuttingDown = 7;
inline constexpr int kErrPageStale = 8;  // the answer that the token is of has changed

inline constexpr int kErrBadManifest = 100;
inline constexpr int kErrBadName = 101;
inline constexpr int kErrDuplicateName = 102;
inline constexpr int kErrUnknownDependency = 103;
inline constexpr int kErrCycle = 104;
inline constexpr int kErrAssetOwned = 105;    // another pipeline owns the asset
inline constexpr int kErrTypeMismatch = 106;  // fingerprints across modules differ
inline constexpr int kErrBreakingChange = 107;
inline constexpr int kErrNotExecutable = 108;
inline constexpr int kErrArchitecture = 109;
inline constexpr int kErrMissingLibrary = 110;
inline constexpr int kErrDescribeFailed = 111;  // crashed, hung or printed rubbish
inline constexpr int kErrModuleMissing = 112;   // files of the bundle were not uploaded
inline constexpr int kErrLockDiffers = 113;     // describe --lock --check
inline constexpr int kErrStaticModule = 114;    // statically linked or not an ELF program

inline constexpr int kErrUnknownJob = 201;
inline constexpr int kErrUnknownAsset = 202;
inline constexpr int kErrUnknownRun = 203;
inline constexpr int kErrUnknownTask = 204;
inline constexpr int kErrAmbiguous = 205;
inline constexpr int kErrSelection = 206;  // syntax, with a caret
inline constexpr int kErrEmptySelection = 207;
inline constexpr int kErrInputMissing = 208;  // an input from outside was never materialized
inline constexpr int kErrBadParam = 209;
inline constexpr int kErrRunFinished = 210;
inline constexpr int kErrUnknownModule = 211;
inline constexpr int kErrNeverMaterialized = 212;
inline constexpr int kErrCron = 213;      // syntax, or it can never fire; with a caret
inline constexpr int kErrTimeZone = 214;  // unknown, or the system's tables cannot be read
inline constexpr int kErrUnknownSchedule = 215;
inline constexpr int kErrFreshness = 216;     // a policy that cannot be
inline constexpr int kErrUnknownAlert = 217;  // no such rule, alert or silence

inline constexpr int kErrUnknownWorker = 301;
inline constexpr int kErrProtocolVersion = 302;
inline constexpr int kErrWorkerReplaced = 303;  // another process connected under the same id
inline constexpr int kErrStale = 304;           // report under a fenced epoch
inline constexpr int kErrLoad = 305;            // load_error
inline constexpr int kErrExecutorProtocol = 306;

inline constexpr int kErrDiskFull = 401;
inline constexpr int kErrDataDirBusy = 402;
inline constexpr int kErrDataDirUnwritable = 403;
inline constexpr int kErrNewerSchema = 404;
inline constexpr int kErrStore = 405;
inline constexpr int kErrArtifactCorrupt = 406;
inline constexpr int kErrArtifactMissing = 407;
inline constexpr int kErrNetworkFileSystem = 408;
inline constexpr int kErrFileDigest = 409;  // uploaded bytes do not match their digest

inline constexpr int kErrUnreachable = 501;
inline constexpr int kErrUnauthenticated = 502;
inline constexpr int kErrPortInUse = 503;
inline constexpr int kErrNotLoopback = 504;
inline constexpr int kErrHost = 505;  // Host or Origin header refused
inline constexpr int kErrTimedOut = 506;

inline constexpr int kErrCodec = 601;
inline constexpr int kErrSchema = 602;  // the writer's schema cannot be read as the reader's
inline constexpr int kErrValueTooLarge = 603;

}  // namespace weir::base

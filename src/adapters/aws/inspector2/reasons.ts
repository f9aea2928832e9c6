/** What each reason of Inspector's coverage means for one EC2 instance (Inspector v2 API reference, ScanStatus). */
import type { ScanStatusReason } from '@aws-sdk/client-inspector2';

/**
 * - `done`: the scan is complete.
 * - `partial`: the packages are scanned, with a gap that people must be told.
 * - `late`: the packages are scanned, and the first deep inspection may take hours more: waited for a while, then a gap.
 * - `wait`: it ends by itself.
 * - `unmanaged`: no SSM agent speaks for the instance; it may be about to.
 * - `unscannable`: nothing will come of this image.
 * - `failed`: nothing will come of this instance or account as it is.
 */
export type Meaning = 'done' | 'partial' | 'late' | 'wait' | 'unmanaged' | 'unscannable' | 'failed';

type Entry = readonly [meaning: Meaning, words: string];

const foreign = (what: string): Entry => ['failed', `${what}, which is not said of an EC2 instance`];

/** The compiler proves that no reason is missing. */
const REASONS: Readonly<Record<ScanStatusReason, Entry>> = {
  SUCCESSFUL: ['done', 'the scan is complete'],

  DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED: ['partial', 'deep inspection ran out of its 15 minutes'],
  DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED: ['partial', 'deep inspection stopped at its 5000 packages'],
  DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED: [
    'partial',
    "deep inspection has used up the day's SSM inventory",
  ],
  DEEP_INSPECTION_NO_INVENTORY: ['late', 'deep inspection has delivered no inventory'],

  PENDING_INITIAL_SCAN: ['wait', 'the first scan is pending'],
  SCAN_IN_PROGRESS: ['wait', 'the scan is in progress'],
  PENDING_REVIVAL_SCAN: ['wait', 'the scan is pending again'],
  NO_INVENTORY: ['wait', 'the SSM agent has delivered no inventory yet'],
  INTERNAL_ERROR: ['wait', 'Inspector had an internal error, which it repeats by itself'],

  UNMANAGED_EC2_INSTANCE: ['unmanaged', 'the instance is not managed by SSM'],
  RESOURCE_UNMANAGED: ['unmanaged', 'the instance is not managed by SSM'],

  UNSUPPORTED_OS: ['unscannable', 'Inspector does not support its operating system'],
  AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED: ['unscannable', 'its volumes are too many or too large to scan'],
  AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED: ['unscannable', 'reading its volumes takes too long'],

  EXCLUDED_BY_TAG: ['failed', 'the tag InspectorEc2Exclusion excludes the instance'],
  ACCESS_DENIED: ['failed', "Inspector may not read the instance's volumes"],
  ACCESS_DENIED_TO_ENCRYPTION_KEY: ['failed', "Inspector may not use the key of the instance's volumes"],
  EC2_INSTANCE_STOPPED: ['failed', 'the instance was stopped'],
  RESOURCE_STOPPED: ['failed', 'the instance was stopped'],
  RESOURCE_TERMINATED: ['failed', 'the instance was terminated'],
  PENDING_DISABLE: ['failed', 'Inspector is being switched off for the instance'],
  STALE_INVENTORY: ['failed', 'the SSM agent no longer delivers inventory'],

  IMAGE_ARCHIVED: foreign('the container image is archived'),
  IMAGE_SIZE_EXCEEDED: foreign('the container image is too large'),
  INTEGRATION_CONNECTION_LOST: foreign('the connection to a code host is lost'),
  NO_RESOURCES_FOUND: foreign('no resources were found'),
  NO_SCAN_CONFIGURATION_ASSOCIATED: foreign('no scan configuration is associated'),
  SCAN_ELIGIBILITY_EXPIRED: foreign('the time for scans is over'),
  SCAN_FREQUENCY_MANUAL: foreign('scans are started by hand'),
  SCAN_FREQUENCY_SCAN_ON_PUSH: foreign('scans happen on push only'),
  UNSUPPORTED_CODE_ARTIFACTS: foreign('its code artifacts are not supported'),
  UNSUPPORTED_CONFIG_FILE: foreign('its configuration file is not supported'),
  UNSUPPORTED_LANGUAGE: foreign('its language is not supported'),
  UNSUPPORTED_MEDIA_TYPE: foreign('its media type is not supported'),
  UNSUPPORTED_RUNTIME: foreign('its runtime is not supported'),
};

/** Sorts a reason. One that Assay does not know is waited for and told; it never counts as a scan. */
export function meaningOf(reason: string): { readonly meaning: Meaning; readonly words: string } {
  const entry = Object.hasOwn(REASONS, reason) ? REASONS[reason as ScanStatusReason] : undefined;
  if (!entry) return { meaning: 'wait', words: `Inspector says ${reason}, which Assay does not know` };
  return { meaning: entry[0], words: `${entry[1]} (${reason})` };
}

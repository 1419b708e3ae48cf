/** The manifest as text: proto3 JSON, which Python, jq and people can read. */
import { SnapshotManifest } from '@watchnext/contract';
import { digestText } from './digests';
import { MANIFEST_DIGEST_FILE, MANIFEST_FILE, SNAPSHOT_FORMAT_VERSION } from './layout';
import { SnapshotCorruptError, SnapshotFormatError } from './port';

/** The two texts to store: the manifest and its digest file. */
export function encodeManifest(manifest: SnapshotManifest): { text: string; digestLine: string } {
  const text = `${JSON.stringify(SnapshotManifest.toJSON(manifest), null, 2)}\n`;
  return { text, digestLine: `${digestText(text)}  ${MANIFEST_FILE}\n` };
}

/**
 * @throws SnapshotFormatError for a format that this program does not know, before anything else is believed
 * @throws SnapshotCorruptError when the text is no manifest, is not this snapshot's, or does not match its digest
 */
export function decodeManifest(snapshotId: string, text: string, digestLine: string | undefined): SnapshotManifest {
  let manifest: SnapshotManifest;
  try {
    manifest = SnapshotManifest.fromJSON(JSON.parse(text));
  } catch (error) {
    throw new SnapshotCorruptError(snapshotId, MANIFEST_FILE, 'is not a manifest in JSON', { cause: error });
  }
  if (manifest.formatVersion !== SNAPSHOT_FORMAT_VERSION) {
    throw new SnapshotFormatError(snapshotId, manifest.formatVersion, SNAPSHOT_FORMAT_VERSION);
  }
  if (digestLine === undefined) throw new SnapshotCorruptError(snapshotId, MANIFEST_DIGEST_FILE, 'is missing');
  if (digestLine !== `${digestText(text)}  ${MANIFEST_FILE}\n`) {
    throw new SnapshotCorruptError(snapshotId, MANIFEST_FILE, `does not match ${MANIFEST_DIGEST_FILE}`);
  }
  if (manifest.snapshotId !== snapshotId) {
    throw new SnapshotCorruptError(snapshotId, MANIFEST_FILE, `belongs to snapshot ${manifest.snapshotId}`);
  }
  return manifest;
}

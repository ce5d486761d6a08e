"""The names of what a picture's metadata may say: exif.Model, iptc.Headline, xmp.Rating.

Names only: who asks for a field need not be able to read one.
"""

from __future__ import annotations

from typing import Final

# How long, in characters, one field may be, all of a picture's together, and an XMP file's prompt:
# a worker says no more of a picture than its answer holds, however each character is written there.
LONGEST_TEXT: Final = 2000
MOST_CHARACTERS: Final = 12_000
LONGEST_PROMPT: Final = 12_000

# IPTC's fields by the names that photographers' programs show, and their datasets.
IPTC_NAMES: Final = {
    "Title": 5,
    "Keywords": 25,
    "Instructions": 40,
    "Creator": 80,
    "City": 90,
    "Location": 92,
    "State": 95,
    "Country": 101,
    "Job": 103,
    "Headline": 105,
    "Credit": 110,
    "Source": 115,
    "Copyright": 116,
    "Description": 120,
}
XMP_NAMES: Final = ("Rating", "Label")
# As Pillow calls them, which reads them.
_EXIF: Final = """
Acceleration ActiveArea AmbientTemperature AnalogBalance AntiAliasStrength ApertureValue Artist
AsShotICCProfile AsShotNeutral AsShotPreProfileMatrix AsShotProfileName AsShotWhiteXY
BaselineExposure BaselineNoise BaselineSharpness BatteryLevel BayerGreenSplit BestQualityScale
BitsPerSample BlackLevel BlackLevelDeltaH BlackLevelDeltaV BlackLevelRepeatDim BodySerialNumber
BrightnessValue CFALayout CFAPattern CFAPlaneColor CFARepeatPatternDim CalibrationIlluminant1
CalibrationIlluminant2 CameraCalibration1 CameraCalibration2 CameraCalibrationSignature
CameraElevationAngle CameraOwnerName CameraSerialNumber CellLength CellWidth ChromaBlurRadius
ClipPath ColorMap ColorMatrix1 ColorMatrix2 ColorSpace ColorimetricReference
ComponentsConfiguration CompositeImage CompositeImageCount CompositeImageExposureTimes
CompressedBitsPerPixel Compression Contrast Copyright CurrentICCProfile CurrentPreProfileMatrix
CustomRendered DNGBackwardVersion DNGPrivateData DNGVersion DateTime DateTimeDigitized
DateTimeOriginal DefaultCropOrigin DefaultCropSize DefaultScale DeviceSettingDescription
DigitalZoomRatio DocumentName DotRange ExifImageHeight ExifImageWidth ExifInteroperabilityOffset
ExifOffset ExifVersion ExposureBiasValue ExposureIndex ExposureMode ExposureProgram ExposureTime
ExtraSamples FNumber FileSource FillOrder Flash FlashEnergy FlashPixVersion FocalLength
FocalLengthIn35mmFilm FocalPlaneResolutionUnit FocalPlaneXResolution FocalPlaneYResolution
ForwardMatrix1 ForwardMatrix2 FrameRate FreeByteCounts FreeOffsets GPSInfo GainControl Gamma
GrayResponseCurve GrayResponseUnit HalftoneHints HostComputer Humidity IPTCNAA ISOSpeed
ISOSpeedLatitudeyyy ISOSpeedLatitudezzz ISOSpeedRatings ImageDescription ImageHistory ImageID
ImageLength ImageNumber ImageResources ImageUniqueID ImageWidth Indexed InkNames InkSet
InterColorProfile Interlace InteropIndex JPEGProc JPEGTables JpegACTables JpegDCTables
JpegIFByteCount JpegIFOffset JpegLosslessPredictors JpegPointTransforms JpegQTables
JpegRestartInterval LensInfo LensMake LensModel LensSerialNumber LensSpecification LightSource
LinearResponseLimit LinearizationTable LocalizedCameraModel Make MakerNote MakerNoteSafety
MaskedAreas MaxApertureValue MaxSampleValue MeteringMode MinSampleValue Model NewSubfileType Noise
NoiseProfile NoiseReductionApplied NumberOfInks OECF OPIProxy OffsetTime OffsetTimeDigitized
OffsetTimeOriginal OpcodeList1 OpcodeList2 OpcodeList3 Orientation OriginalRawFileData
OriginalRawFileDigest OriginalRawFileName PageName PageNumber PhotometricInterpretation
PlanarConfiguration Predictor Pressure PreviewApplicationName PreviewApplicationVersion
PreviewColorSpace PreviewDateTime PreviewSettingsDigest PreviewSettingsName PrimaryChromaticities
PrintImageMatching ProcessingSoftware ProfileCalibrationSignature ProfileCopyright
ProfileEmbedPolicy ProfileHueSatMapData1 ProfileHueSatMapData2 ProfileHueSatMapDims
ProfileLookTableData ProfileLookTableDims ProfileName ProfileToneCurve Rating RatingPercent
RawDataUniqueID RawImageDigest RecommendedExposureIndex ReductionMatrix1 ReductionMatrix2
ReferenceBlackWhite RelatedImageFileFormat RelatedImageLength RelatedImageWidth RelatedSoundFile
ResolutionUnit RowInterleaveFactor RowsPerStrip SMaxSampleValue SMinSampleValue SampleFormat
SamplesPerPixel Saturation SceneCaptureType SceneType SecurityClassification SelfTimerMode
SensingMethod SensitivityType ShadowScale Sharpness ShutterSpeedValue Software
SpatialFrequencyResponse SpectralSensitivity StandardOutputSensitivity StripByteCounts
StripOffsets SubIFDs SubTileBlockSize SubfileType SubjectDistance SubjectDistanceRange
SubjectLocation SubsecTime SubsecTimeDigitized SubsecTimeOriginal T4Options T6Options
TargetPrinter Thresholding TileByteCounts TileLength TileOffsets TileWidth TimeZoneOffset
TransferFunction TransferRange UniqueCameraModel UserComment WaterDepth WhiteBalance WhiteLevel
WhitePoint XClipPathUnits XMLPacket XPAuthor XPComment XPKeywords XPSubject XPTitle XResolution
YCbCrCoefficients YCbCrPositioning YCbCrSubSampling YClipPathUnits YResolution
"""
EXIF_NAMES: Final = frozenset(_EXIF.split())
FIELDS: Final = frozenset(
    {f"exif.{name}" for name in EXIF_NAMES}
    | {f"iptc.{name}" for name in IPTC_NAMES}
    | {f"xmp.{name}" for name in XMP_NAMES}
)

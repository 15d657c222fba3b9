"""A reading guide as a plain PDF of one page, made by code; its words on measures follow the data set's description."""

TITLE = "Reading guide: nuclei under the microscope"
LINES = (
    "Made for the demonstration. It is no clinical guidance.",
    "",
    "Ten measures are taken of each nucleus; a sample tells their mean, their standard",
    "error, and the mean of the three largest values.",
    "",
    "Radius: mean distance from the centre to points on the outline.",
    "Texture: standard deviation of the grey values.",
    "Perimeter and area: of the outline.",
    "Smoothness: how much the radius varies from one place to the next.",
    "Compactness: perimeter squared by area, less 1.",
    "Concavity: how deep the concave parts of the outline are.",
    "Concave points: how many concave parts the outline has.",
    "Symmetry: of the two halves along the longest axis.",
    "Fractal dimension: the outline measured like a coast, less 1.",
    "",
    "The plot that comes with a sample shows radius (across) and concave points (up),",
    "both as the mean of the three largest: squares were malignant, dots benign, the",
    "cross is the sample itself. Mark on it what decided for you.",
    "",
    "Source: Wolberg, Mangasarian, Street, Street: Breast Cancer Wisconsin (Diagnostic),",
    "UCI Machine Learning Repository, doi 10.24432/C5DW2B, CC BY 4.0.",
)


def reading_guide() -> bytes:
    """The PDF, A4, in one of the fonts that every reader has."""
    shown = [f"BT /F1 16 Tf 60 780 Td ({_escaped(TITLE)}) Tj ET", "BT /F1 11 Tf 16 TL 60 745 Td"]
    shown += [f"({_escaped(line)}) Tj T*" for line in LINES]
    content = "\n".join([*shown, "ET"]).encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    document, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

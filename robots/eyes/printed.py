"""The board as a PDF that prints at true scale: rectangles and three lines of text, and no library for it."""

from robots.eyes.board import Board

_POINTS = 72 / 0.0254  # A PDF's unit, in a metre.
_RULER = 0.1


def pdf_of(board: Board) -> bytes:
    """One page: the board in the middle of its sheet, what it is, and a line to measure the print by."""
    width, height = board.sheet
    shapes = [
        f"{(left + width / 2) * _POINTS:.4f} {(bottom + height / 2) * _POINTS:.4f} "
        f"{(right - left) * _POINTS:.4f} {(top - bottom) * _POINTS:.4f} re"
        for left, bottom, right, top in board.black().tolist()
    ]
    below = (height - board.size[1]) / 2
    side = (width - board.size[0]) / 2
    said = (
        f"{board.paper.upper()}, {board.squares[0]} x {board.squares[1]} squares of "
        f"{board.square * 1000:g} mm. Print at 100 %. The line is {_RULER * 1000:g} mm long."
    )
    text = f"BT /F1 6 Tf {(side + _RULER + 0.005) * _POINTS:.2f} {below / 2 * _POINTS:.2f} Td ({said}) Tj ET"
    ruler = f"{side * _POINTS:.4f} {below / 2 * _POINTS:.4f} {_RULER * _POINTS:.4f} 0.7 re f"
    return _document("\n".join([*shapes, "f", ruler, text]), width * _POINTS, height * _POINTS)


def _document(drawing: str, width: float, height: float) -> bytes:
    """A page of width and height [points] with a drawing on it."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer\n<< /Size {count} /Root 1 0 R >>\n"
    return (written + end + f"startxref\n{len(written)}\n%%EOF\n").encode("ascii")

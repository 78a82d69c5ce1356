from pypdf import PdfWriter, PdfReader
w=PdfWriter(clone_from='c/reportlab-form.pdf'); w.update_page_form_field_values(w.pages[0],{'nome':'Ines Pimentel'}); w.write('c/pypdf-filled.pdf')
w=PdfWriter('c/gs-1.4.pdf',incremental=True); w.add_metadata({'/Title':'Contrato'}); w.write('c/pypdf-incremental.pdf')
w=PdfWriter(clone_from='c/groff.pdf'); w.pages[0].rotate(270); w.write('c/pypdf-turned.pdf')

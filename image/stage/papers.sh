# What is published beside the image.

make_papers() {
    :
}

// busuanzi's snippet with another host: the elements that it fills by their ids become those that footfall.js fills.

const IDS = {
  page_pv: { footfall: 'views' },
  site_pv: { footfall: 'views', scope: 'site' },
  site_uv: { footfall: 'visitors' },
};

const adopt = () => {
  for (const [id, data] of Object.entries(IDS)) {
    const value = document.getElementById(`busuanzi_value_${id}`);
    const container = document.getElementById(`busuanzi_container_${id}`);
    if (value) Object.assign(value.dataset, data);
    // Snippets hide it until there is a number.
    if (container) container.style.display = 'inline';
  }
};

// The script is loaded `async`: perhaps before the elements, always before the first answer.
adopt();
document.addEventListener('DOMContentLoaded', adopt);
